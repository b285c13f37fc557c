package dev.konbini.conformance;

import static dev.konbini.conformance.Cases.check;
import static dev.konbini.conformance.Cases.equal;
import static dev.konbini.conformance.Cases.fails;
import static dev.konbini.conformance.Cases.until;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.SecurityDisabledException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Administration with Apache Kafka's admin client. */
final class AdminCases {
    private final Kafka kafka;

    private AdminCases(Kafka kafka) {
        this.kafka = kafka;
    }

    static void run(Kafka kafka) {
        AdminCases cases = new AdminCases(kafka);
        Cases.run("java admin: create, describe and delete topics", cases::topics);
        Cases.run("java admin: what cannot be created is refused, each for its reason", cases::refusals);
        Cases.run("java admin: settings of topics and brokers", cases::settings);
        Cases.run("java admin: more partitions", cases::partitions);
        Cases.run("java admin: delete records, offsets of every kind", cases::records);
        Cases.run("java admin: the cluster, its quorum, features and log directories", cases::cluster);
        Cases.run("java admin: no authorizer", cases::acls);
        Cases.run("java admin: a partition moves while a producer writes", cases::moves);
    }

    private TopicDescription described(String topic) throws Exception {
        return kafka.admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
    }

    private void topics() throws Exception {
        String topic = kafka.topic("java-admin", 3, Map.of("retention.ms", "60000"));
        TopicDescription found = described(topic);
        equal(3, found.partitions().size());
        equal((int) kafka.brokers, found.partitions().get(0).replicas().size());
        check(!found.topicId().toString().equals("AAAAAAAAAAAAAAAAAAAAAA"), found);
        check(kafka.admin.listTopics().names().get().contains(topic), "not listed");
        kafka.admin.deleteTopics(List.of(topic)).all().get();
        until(() -> !kafka.admin.listTopics().names().get().contains(topic));
        fails(UnknownTopicOrPartitionException.class, () -> described(topic));
    }

    private void create(NewTopic topic) throws Exception {
        kafka.admin.createTopics(List.of(topic), new CreateTopicsOptions().validateOnly(true)).all().get();
    }

    private void refusals() throws Exception {
        short one = 1;
        kafka.topic("java-there", 1);
        fails(TopicExistsException.class, () -> create(new NewTopic("java-there", 1, one)));
        fails(InvalidTopicException.class, () -> create(new NewTopic("no spaces", 1, one)));
        fails(InvalidPartitionsException.class, () -> create(new NewTopic("java-none", 0, one)));
        fails(InvalidReplicationFactorException.class, () -> create(new NewTopic("java-none", 1, (short) 9)));
        fails(InvalidConfigurationException.class,
            () -> create(new NewTopic("java-none", 1, one).configs(Map.of("retention.ms", "soon"))));
        fails(InvalidConfigurationException.class,
            () -> create(new NewTopic("java-none", 1, one).configs(Map.of("no.such.setting", "1"))));
        fails(UnknownTopicOrPartitionException.class,
            () -> kafka.admin.deleteTopics(List.of("java-none")).all().get());
    }

    private void set(ConfigResource resource, String name, String value, OpType how) throws Exception {
        var op = new AlterConfigOp(new ConfigEntry(name, value), how);
        kafka.admin.incrementalAlterConfigs(Map.of(resource, List.of(op))).all().get();
    }

    private ConfigEntry entry(ConfigResource resource, String name) throws Exception {
        return kafka.admin.describeConfigs(List.of(resource)).all().get().get(resource).get(name);
    }

    private void settings() throws Exception {
        String topic = kafka.topic("java-settings", 1);
        var of = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        equal(ConfigEntry.ConfigSource.DEFAULT_CONFIG, entry(of, "retention.ms").source());
        set(of, "retention.ms", "1234567", OpType.SET);
        until(() -> entry(of, "retention.ms").value().equals("1234567"));
        equal(ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG, entry(of, "retention.ms").source());
        set(of, "cleanup.policy", "compact", OpType.APPEND);
        until(() -> entry(of, "cleanup.policy").value().equals("delete,compact"));
        set(of, "retention.ms", null, OpType.DELETE);
        until(() -> entry(of, "retention.ms").value().equals("604800000"));
        fails(InvalidConfigurationException.class, () -> set(of, "retention.ms", "soon", OpType.SET));
        var broker = new ConfigResource(ConfigResource.Type.BROKER, "1");
        equal("1", entry(broker, "node.id").value());
        set(broker, "message.max.bytes", "2000000", OpType.SET);
        until(() -> entry(broker, "message.max.bytes").value().equals("2000000"));
        set(broker, "message.max.bytes", null, OpType.DELETE);
    }

    private void partitions() throws Exception {
        String topic = kafka.topic("java-more", 1);
        kafka.admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get();
        until(() -> described(topic).partitions().size() == 3);
        fails(InvalidPartitionsException.class,
            () -> kafka.admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(2))).all().get());
    }

    private long offset(TopicPartition partition, OffsetSpec of) throws Exception {
        return kafka.admin.listOffsets(Map.of(partition, of)).all().get().get(partition).offset();
    }

    private void records() throws Exception {
        String topic = kafka.topic("java-records-admin", 1);
        TopicPartition partition = new TopicPartition(topic, 0);
        kafka.produceAt(topic, 10);
        var deleted = kafka.admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(4)));
        equal(4L, deleted.lowWatermarks().get(partition).get().lowWatermark());
        equal(4L, offset(partition, OffsetSpec.earliest()));
        equal(10L, offset(partition, OffsetSpec.latest()));
        equal(9L, offset(partition, OffsetSpec.maxTimestamp()));
        equal(4L, offset(partition, OffsetSpec.earliestLocal()));
        equal(-1L, offset(partition, OffsetSpec.latestTiered()));
    }

    private void cluster() throws Exception {
        var nodes = kafka.admin.describeCluster().nodes().get();
        var quorum = kafka.admin.describeMetadataQuorum().quorumInfo().get();
        check(quorum.leaderId() >= 1 && quorum.voters().size() == nodes.size(), quorum);
        var features = kafka.admin.describeFeatures().featureMetadata().get();
        check(features.finalizedFeatures().containsKey("metadata.version"), features);
        String topic = kafka.topic("java-dirs", 1);
        kafka.produce(topic, 10);
        until(() -> {
            var dirs = kafka.admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1).values();
            var replica = dirs.iterator().next().replicaInfos().get(new TopicPartition(topic, 0));
            return replica != null && replica.size() > 0;
        });
    }

    private void acls() throws Exception {
        fails(SecurityDisabledException.class, () -> kafka.admin.describeAcls(AclBindingFilter.ANY).values().get());
    }

    private void moves() throws Exception {
        String topic = "java-moves";
        kafka.admin.createTopics(List.of(new NewTopic(topic, Map.of(0, List.of(1))))).all().get();
        TopicPartition partition = new TopicPartition(topic, 0);
        Thread load = new Thread(() -> {
            try {
                kafka.produce(topic, 20_000, Map.of("linger.ms", 1, "batch.size", 400));
            } catch (Exception failure) {
                failure.printStackTrace();
            }
        });
        load.start();
        List<Integer> replicas = kafka.brokers == 1 ? List.of(1) : List.of(2, 3);
        kafka.admin.alterPartitionReassignments(
            Map.of(partition, Optional.of(new NewPartitionReassignment(replicas)))).all().get();
        until(() -> kafka.admin.listPartitionReassignments().reassignments().get().isEmpty());
        if (described(topic).partitions().get(0).leader().id() != replicas.get(0)) {
            kafka.admin.electLeaders(ElectionType.PREFERRED, Set.of(partition)).all().get();
        }
        load.join();
        equal(replicas, described(topic).partitions().get(0).replicas().stream().map(node -> node.id()).toList());
        equal(IntStream.range(0, 20_000).mapToObj(n -> "" + n).toList(), kafka.values(topic, "read_uncommitted"));
    }
}
