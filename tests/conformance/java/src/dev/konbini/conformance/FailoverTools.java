package dev.konbini.conformance;

import static dev.konbini.conformance.Cases.check;
import static dev.konbini.conformance.Cases.equal;
import static dev.konbini.conformance.Cases.holds;
import static dev.konbini.conformance.Cases.until;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;

/** The command-line tools while brokers are taken away and come back. */
final class FailoverTools {
    private static final String PACKAGE = "org.apache.kafka.tools.";
    /** Records between two orders, at the least. */
    private static final int RECORDS = 200;

    private final Kafka kafka;
    private final Control control;

    private FailoverTools(Kafka kafka, Control control) {
        this.kafka = kafka;
        this.control = control;
    }

    static void run(Kafka kafka, Control control) {
        FailoverTools cases = new FailoverTools(kafka, control);
        String tools = "kafka-verifiable-producer and -consumer: ";
        Cases.run(tools + "a leader is killed, then one stopped; a classic group",
            () -> cases.underLoad("classic", "kill", "stop"));
        // Apart, because this protocol's consumer may go on only 10 s after it has heard of the new leader.
        Cases.run(tools + "a leader is killed; a consumer group", () -> cases.underLoad("consumer", "kill"));
        Cases.run(tools + "a leader is stopped; a consumer group", () -> cases.underLoad("consumer", "stop"));
        Cases.run("kafka-leader-election: preferred gives a leader that was away its partition back", cases::election);
        Cases.run("kafka-transactions: an open transaction outlives its leader", cases::transaction);
        Cases.run("kafka-metadata-quorum: the leader is killed", cases::quorum);
    }

    private Tool tool(String main) {
        return new Tool(PACKAGE + main, "--bootstrap-server", kafka.addresses);
    }

    /** The number behind a word, as "Leader: 2"; -1 when there is none. */
    private static int number(String text, String word) {
        Matcher found = Pattern.compile("\\b" + word + ": *(\\d+)").matcher(text);
        return found.find() ? Integer.parseInt(found.group(1)) : -1;
    }

    private int leader(String topic) throws Exception {
        return number(tool("TopicCommand").run("--describe", "--topic", topic), "Leader");
    }

    private String underReplicated() throws Exception {
        return tool("TopicCommand").run("--describe", "--under-replicated-partitions");
    }

    private void untilAnotherLeads(String topic, int before) throws Exception {
        until(() -> !List.of(before, -1).contains(leader(topic)));
        until(() -> underReplicated().contains("Topic: " + topic + "\t"));
    }

    private void untilWhole() throws Exception {
        until(() -> underReplicated().isEmpty());
    }

    private void underLoad(String protocol, String... orders) throws Exception {
        String topic = kafka.topic("tool-failover-" + protocol + "-" + orders[0], 1);
        try (Running producer = producer(topic); Running consumer = consumer(topic, protocol)) {
            more(producer, consumer);
            for (String order : orders) {
                int leader = leader(topic);
                try (var away = control.away(leader, order)) {
                    untilAnotherLeads(topic, leader);
                    more(producer, consumer);
                }
                untilWhole();
                more(producer, consumer);
            }
            Running.readAll(producer, consumer);
            readBack(topic, producer.acknowledged().size());
        }
    }

    private Running producer(String topic) throws Exception {
        // By itself the tool tries each record once.
        String tryAgain = Tool.file("retries=2147483647\nenable.idempotence=true\n");
        return new Running(tool("VerifiableProducer").start("--topic", topic, "--acks", "-1", "--throughput", "200",
            "--command-config", tryAgain));
    }

    private Running consumer(String topic, String protocol) throws Exception {
        return new Running(tool("VerifiableConsumer").start("--topic", topic, "--group-id", topic, "--group-protocol",
            protocol, "--verbose"));
    }

    /** Waits until so many more are acknowledged and read. */
    private static void more(Running producer, Running consumer) throws Exception {
        int acknowledged = producer.acknowledged().size() + RECORDS;
        int read = consumer.consumed().size() + RECORDS;
        until(() -> producer.acknowledged().size() >= acknowledged && consumer.consumed().size() >= read);
    }

    /** The values 0 to count - 1 are in the log, in this order, and nothing else. */
    private void readBack(String topic, int count) throws Exception {
        equal(topic + ":0:" + count, tool("GetOffsetShell").run("--topic", topic));
        String text = tool("consumer.ConsoleConsumer").run("--topic", topic, "--from-beginning", "--max-messages",
            "" + count, "--timeout-ms", "20000");
        List<String> found = text.lines().filter(line -> line.matches("\\d+")).toList();
        equal(IntStream.range(0, count).mapToObj(n -> "" + n).toList(), found);
    }

    private void election() throws Exception {
        String topic = kafka.topic("tool-preferred", 1);
        int preferred = number(tool("TopicCommand").run("--describe", "--topic", topic), "Replicas");
        until(() -> leader(topic) == preferred);
        try (var away = control.away(preferred, "stop")) {
            untilAnotherLeads(topic, preferred);
        }
        untilWhole();
        tool("LeaderElectionCommand").run("--election-type", "preferred", "--topic", topic, "--partition", "0");
        until(() -> leader(topic) == preferred);
    }

    private void transaction() throws Exception {
        String topic = kafka.topic("tool-txn-failover", 1);
        Tool transactions = tool("TransactionsCommand");
        String[] of = {"--topic", topic, "--partition", "0"};
        try (var producer = kafka.producer(Map.of("transactional.id", topic))) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, "kept")).get();
            int leader = leader(topic);
            try (var away = control.away(leader, "kill")) {
                untilAnotherLeads(topic, leader);
                holds(transactions.run("list"), topic, "Ongoing");
                String text = transactions.run("describe-producers", of[0], of[1], of[2], of[3]);
                equal("0", lastColumn(text));
                // Its coordinator knows of it, so it does not hang.
                text = transactions.run("find-hanging", of[0], of[1], of[2], of[3], "--max-transaction-timeout", "0");
                check(!text.contains(topic), text);
            }
            untilWhole();
            producer.commitTransaction();
            equal("None", lastColumn(transactions.run("describe-producers", of[0], of[1], of[2], of[3])));
            equal(List.of("kept"), kafka.values(topic, "read_committed"));
        }
    }

    private static String lastColumn(String table) {
        String[] words = table.trim().split("\\s+");
        return words[words.length - 1];
    }

    private void quorum() throws Exception {
        Tool quorum = tool("MetadataQuorumCommand");
        String before = quorum.run("describe", "--status");
        int leader = number(before, "LeaderId");
        try (var away = control.away(leader, "kill")) {
            until(() -> number(quorum.run("describe", "--status"), "LeaderId") != leader);
            String after = quorum.run("describe", "--status");
            check(number(after, "LeaderEpoch") > number(before, "LeaderEpoch"), before + after);
        }
        until(() -> quorum.run("describe", "--replication").lines().anyMatch(
            line -> line.matches(leader + "\\s+\\S+\\s+\\d+\\s+0\\s.*Follower\\s*")));
        untilWhole();
    }
}
