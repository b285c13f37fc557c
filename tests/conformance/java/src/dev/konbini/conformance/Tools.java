package dev.konbini.conformance;

import static dev.konbini.conformance.Cases.check;
import static dev.konbini.conformance.Cases.equal;
import static dev.konbini.conformance.Cases.holds;
import static dev.konbini.conformance.Cases.until;

import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;

/** The command-line tools that know topics, settings, the cluster and transactions. */
final class Tools {
    private static final String PACKAGE = "org.apache.kafka.tools.";
    private final Kafka kafka;

    private Tools(Kafka kafka) {
        this.kafka = kafka;
    }

    static void run(Kafka kafka) {
        Tools cases = new Tools(kafka);
        Cases.run("kafka-topics: create, list, describe, alter, delete", cases::topics);
        Cases.run("kafka-topics: refusals", cases::topicRefusals);
        Cases.run("kafka-configs: a topic's settings", cases::topicSettings);
        Cases.run("kafka-configs: a broker's settings", cases::brokerSettings);
        Cases.run("kafka-configs: client quotas are described as none", cases::quotas);
        Cases.run("kafka-reassign-partitions: generate, execute, verify, list", cases::reassign);
        Cases.run("kafka-leader-election: preferred", cases::election);
        Cases.run("kafka-transactions: list, describe, producers, abort", cases::transactions);
        Cases.run("kafka-delete-records", cases::deleteRecords);
        Cases.run("kafka-get-offsets", cases::offsets);
        Cases.run("kafka-log-dirs", cases::logDirs);
        Cases.run("kafka-broker-api-versions", cases::apiVersions);
        Cases.run("kafka-metadata-quorum: status and replication", cases::quorum);
        Cases.run("kafka-cluster: id and endpoints", cases::cluster);
        Cases.run("kafka-features: describe", cases::features);
        Cases.run("kafka-acls: no authorizer", cases::acls);
        Cases.run("kafka-replica-verification", cases::replicas);
    }

    private Tool tool(String main) {
        return new Tool(main.startsWith("kafka.") ? main : PACKAGE + main, "--bootstrap-server", kafka.bootstrap);
    }

    private void topics() throws Exception {
        Tool topics = tool("TopicCommand");
        String all = "" + kafka.brokers;
        holds(topics.run("--create", "--topic", "tool-topic", "--partitions", "2", "--replication-factor", all,
            "--config", "retention.ms=60000"), "Created topic tool-topic.");
        holds(topics.run("--list"), "tool-topic");
        holds(topics.run("--describe", "--topic", "tool-topic"), "PartitionCount: 2", "ReplicationFactor: " + all,
            "retention.ms=60000", "Partition: 1", "Isr: ");
        topics.run("--alter", "--topic", "tool-topic", "--partitions", "4");
        until(() -> topics.run("--describe", "--topic", "tool-topic").contains("PartitionCount: 4"));
        equal("", topics.run("--describe", "--unavailable-partitions"));
        equal("", topics.run("--describe", "--under-min-isr-partitions"));
        topics.run("--delete", "--topic", "tool-topic");
        until(() -> !topics.run("--list").contains("tool-topic"));
    }

    private void topicRefusals() throws Exception {
        Tool topics = tool("TopicCommand");
        kafka.topic("tool-there", 1);
        holds(topics.fail("--create", "--topic", "tool-there"), "Topic 'tool-there' already exists");
        topics.run("--create", "--if-not-exists", "--topic", "tool-there");
        holds(topics.fail("--create", "--topic", "tool-none", "--config", "retention.ms=soon"), "retention.ms");
        holds(topics.fail("--create", "--topic", "tool-none", "--replication-factor",
            "" + (kafka.brokers + 1)), "replication factor of " + (kafka.brokers + 1) + " cannot be reached");
        holds(topics.fail("--delete", "--topic", "tool-none"), "does not exist");
    }

    private void topicSettings() throws Exception {
        kafka.topic("tool-settings", 1);
        Tool configs = tool("kafka.admin.ConfigCommand");
        String[] of = {"--entity-type", "topics", "--entity-name", "tool-settings"};
        holds(configs.run(with(of, "--alter", "--add-config", "retention.ms=7000,cleanup.policy=[compact,delete]")),
            "Completed updating config for topic tool-settings.");
        until(() -> configs.run(with(of, "--describe")).contains("retention.ms=7000"));
        holds(configs.run(with(of, "--describe", "--all")), "DYNAMIC_TOPIC_CONFIG:retention.ms=7000",
            "cleanup.policy=compact,delete", "DEFAULT_CONFIG:log.segment.bytes=1073741824");
        configs.run(with(of, "--alter", "--delete-config", "retention.ms"));
        until(() -> !configs.run(with(of, "--describe")).contains("retention.ms=7000"));
        holds(configs.fail(with(of, "--alter", "--add-config", "retention.ms=soon")), "retention.ms");
    }

    private static String[] with(String[] first, String... then) {
        String[] all = java.util.Arrays.copyOf(first, first.length + then.length);
        System.arraycopy(then, 0, all, first.length, then.length);
        return all;
    }

    private void brokerSettings() throws Exception {
        Tool configs = tool("kafka.admin.ConfigCommand");
        String[] of = {"--entity-type", "brokers", "--entity-name", "1"};
        configs.run(with(of, "--alter", "--add-config", "log.retention.ms=123456789"));
        until(() -> configs.run(with(of, "--describe")).contains("log.retention.ms=123456789"));
        configs.run(with(of, "--alter", "--delete-config", "log.retention.ms"));
        until(() -> !configs.run(with(of, "--describe")).contains("123456789"));
        configs.run("--entity-type", "brokers", "--entity-default", "--describe");
    }

    private void quotas() throws Exception {
        String text = tool("kafka.admin.ConfigCommand").run("--entity-type", "clients", "--describe");
        check(!text.contains("Exception"), text);
    }

    private void reassign() throws Exception {
        Tool reassign = tool("reassign.ReassignPartitionsCommand");
        kafka.admin.createTopics(java.util.List.of(
            new org.apache.kafka.clients.admin.NewTopic("tool-moves", Map.of(0, java.util.List.of(1))))).all().get();
        kafka.produce("tool-moves", 1000);
        String wanted = Tool.file("{\"version\":1,\"topics\":[{\"topic\":\"tool-moves\"}]}");
        holds(reassign.run("--topics-to-move-json-file", wanted, "--broker-list", "1", "--generate"),
            "Current partition replica assignment", "\"replicas\":[1]", "Proposed partition reassignment");
        String replicas = kafka.brokers == 1 ? "[1]" : "[3,2]";
        String plan = Tool.file("{\"version\":1,\"partitions\":[{\"topic\":\"tool-moves\",\"partition\":0,\"replicas\":"
            + replicas + "}]}");
        holds(reassign.run("--reassignment-json-file", plan, "--execute"), "Successfully started");
        until(() -> reassign.run("--reassignment-json-file", plan, "--verify").contains("is completed."));
        holds(reassign.run("--list"), "No partition reassignments found.");
        equal(1000, kafka.values("tool-moves", "read_uncommitted").size());
    }

    private void election() throws Exception {
        kafka.topic("tool-election", 3);
        String text = tool("LeaderElectionCommand").run("--election-type", "preferred", "--all-topic-partitions");
        check(!text.contains("Error"), text);
    }

    private void transactions() throws Exception {
        kafka.topic("tool-txn", 1);
        Tool transactions = tool("TransactionsCommand");
        var producer = kafka.producer(Map.of("transactional.id", "tool-txn"));
        producer.initTransactions();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("tool-txn", "hangs")).get();
        holds(transactions.run("list"), "tool-txn", "Ongoing");
        holds(transactions.run("describe", "--transactional-id", "tool-txn"), "Ongoing", "tool-txn-0");
        String[] of = {"--topic", "tool-txn", "--partition", "0"};
        holds(transactions.run(with(new String[] {"describe-producers"}, of)), "CurrentTransactionStartOffset");
        transactions.run("find-hanging", "--topic", "tool-txn", "--partition", "0", "--max-transaction-timeout", "0");
        transactions.run(with(new String[] {"abort"}, with(of, "--start-offset", "0")));
        kafka.produce("tool-txn", 1);
        until(() -> kafka.values("tool-txn", "read_committed").equals(java.util.List.of("0")));
        producer.close(java.time.Duration.ZERO);
    }

    private void deleteRecords() throws Exception {
        kafka.topic("tool-delete", 1);
        kafka.produce("tool-delete", 10);
        String plan = Tool.file(
            "{\"version\":1,\"partitions\":[{\"topic\":\"tool-delete\",\"partition\":0,\"offset\":6}]}");
        holds(tool("DeleteRecordsCommand").run("--offset-json-file", plan), "low_watermark: 6");
        equal(4, kafka.values("tool-delete", "read_uncommitted").size());
    }

    private void offsets() throws Exception {
        kafka.topic("tool-offsets", 1);
        kafka.produceAt("tool-offsets", 5);
        Tool offsets = tool("GetOffsetShell");
        equal("tool-offsets:0:5", offsets.run("--topic", "tool-offsets"));
        equal("tool-offsets:0:0", offsets.run("--topic", "tool-offsets", "--time", "earliest"));
        equal("tool-offsets:0:4", offsets.run("--topic", "tool-offsets", "--time", "max-timestamp"));
    }

    private void logDirs() throws Exception {
        kafka.topic("tool-dirs", 1);
        holds(tool("LogDirsCommand").run("--describe", "--topic-list", "tool-dirs"), "\"partition\":\"tool-dirs-0\"",
            "\"error\":null");
    }

    private void apiVersions() throws Exception {
        String text = tool("BrokerApiVersionsCommand").run();
        holds(text, "Produce(0)", "ConsumerGroupHeartbeat(68)");
        check(!text.contains("ERROR"), text);
    }

    private void quorum() throws Exception {
        Tool quorum = tool("MetadataQuorumCommand");
        holds(quorum.run("describe", "--status"), "LeaderId:", "HighWatermark:", "CurrentVoters:");
        holds(quorum.run("describe", "--replication"), "LogEndOffset", "Leader");
    }

    private void cluster() throws Exception {
        Tool cluster = new Tool(PACKAGE + "ClusterTool");
        String id = kafka.admin.describeCluster().clusterId().get();
        holds(cluster.run("cluster-id", "--bootstrap-server", kafka.bootstrap), "Cluster ID: " + id);
        holds(cluster.run("list-endpoints", "--bootstrap-server", kafka.bootstrap), "127.0.0.1", "broker");
    }

    private void features() throws Exception {
        holds(tool("FeatureCommand").run("describe"), "Feature: metadata.version", "Feature: transaction.version");
    }

    private void acls() throws Exception {
        holds(tool("AclCommand").fail("--list"), "No Authorizer is configured");
    }

    private void replicas() throws Exception {
        String topic = kafka.topic("tool-replicas", 1);
        kafka.produce(topic, 100);
        Process process = new Tool(PACKAGE + "ReplicaVerificationTool", "--broker-list", kafka.bootstrap)
            .start("--topics-include", topic, "--report-interval-ms", "500", "--time", "-2");
        try (var lines = process.inputReader()) {
            // The first reports may come before every replica was read.
            String line = lines.readLine();
            while (!line.contains("max lag is 0")) {
                check(!line.contains("mismatch") && !line.contains("Exception"), line);
                line = lines.readLine();
            }
        } finally {
            process.destroyForcibly();
        }
    }
}
