package dev.konbini.conformance;

import static dev.konbini.conformance.Cases.equal;
import static dev.konbini.conformance.Cases.holds;
import static dev.konbini.conformance.Cases.until;

import java.util.List;

/** The command-line tools on topics that are compacted. */
final class CompactionTools {
    private static final String PACKAGE = "org.apache.kafka.tools.";
    private final Kafka kafka;

    private CompactionTools(Kafka kafka) {
        this.kafka = kafka;
    }

    static void run(Kafka kafka) {
        CompactionTools cases = new CompactionTools(kafka);
        Cases.run("kafka-console-producer and -consumer: a compacted topic keeps the last value of a key",
            cases::lastValues);
        Cases.run("kafka-console-producer: a compacted topic takes no record without a key", cases::withoutKey);
        Cases.run("kafka-configs: a topic is compacted from now on", cases::fromNowOn);
    }

    private Tool tool(String main) {
        return new Tool(main.startsWith("kafka.") ? main : PACKAGE + main, "--bootstrap-server", kafka.bootstrap);
    }

    private String compacted(String topic) throws Exception {
        tool("TopicCommand").run("--create", "--topic", topic, "--partitions", "1", "--replication-factor",
            "" + kafka.brokers, "--config", "cleanup.policy=compact", "--config", "segment.ms=100", "--config",
            "min.cleanable.dirty.ratio=0.01", "--config", "delete.retention.ms=0");
        return topic;
    }

    private void write(String topic, String records) throws Exception {
        tool("ConsoleProducer").with(records, "--topic", topic, "--reader-property", "parse.key=true",
            "--reader-property", "key.separator=:", "--reader-property", "null.marker=NULL", "--sync",
            "--timeout", "0");
    }

    /** What is there now, "offset key value" each. */
    private List<String> everything(String topic) throws Exception {
        String offsets = tool("GetOffsetShell").run("--topic", topic);
        long last = Long.parseLong(offsets.substring(offsets.lastIndexOf(':') + 1)) - 1;
        try (Running consumer = new Running(tool("consumer.ConsoleConsumer").start("--topic", topic,
            "--from-beginning", "--formatter-property", "print.key=true", "--formatter-property", "print.offset=true",
            "--formatter-property", "key.separator= "))) {
            // Nothing is removed of the segment that is written to, so the last record is there.
            until(() -> consumer.lines().stream().anyMatch(line -> line.startsWith("Offset:" + last + " ")));
            return consumer.lines().stream().filter(line -> line.startsWith("Offset:"))
                .map(line -> line.substring("Offset:".length())).toList();
        }
    }

    private void lastValues() throws Exception {
        String topic = compacted("console-compacted");
        write(topic, "a:1\nb:1\nc:1\na:2\nb:2\nc:2\nb:NULL\na:3\n");
        // Some of the values before may be gone already.
        holds(String.join(",", everything(topic)), "5 c 2,6 b null,7 a 3");
        String[] brokers = {"--entity-type", "brokers", "--entity-default", "--alter"};
        Tool configs = tool("kafka.admin.ConfigCommand");
        // A tombstone is there until the cleaner comes by for the second time.
        configs.run(brokers[0], brokers[1], brokers[2], brokers[3], "--add-config", "log.cleaner.backoff.ms=1000");
        until(() -> cleaned(topic).equals(List.of("5 c 2", "7 a 3")));
        configs.run(brokers[0], brokers[1], brokers[2], brokers[3], "--delete-config", "log.cleaner.backoff.ms");
    }

    /** What is there but for the clock, whose records end the segments before them. */
    private List<String> cleaned(String topic) throws Exception {
        write(topic, "clock:now\n");
        return everything(topic).stream().filter(line -> !line.contains(" clock ")).toList();
    }

    private void withoutKey() throws Exception {
        String topic = compacted("console-without-key");
        // Of records that nobody waits for only the log says what became of them.
        holds(tool("ConsoleProducer").failWith("no key\n", "--topic", topic, "--sync", "--timeout", "0"),
            "InvalidRecordException");
        write(topic, "a:1\n");
        equal(List.of("0 a 1"), everything(topic));
    }

    private void fromNowOn() throws Exception {
        String topic = kafka.topic("tool-compacted-later", 1);
        write(topic, "a:1\nb:1\na:2\n");
        String configs = "cleanup.policy=compact,segment.ms=100,min.cleanable.dirty.ratio=0.01,delete.retention.ms=0";
        tool("kafka.admin.ConfigCommand").run("--entity-type", "topics", "--entity-name", topic, "--alter",
            "--add-config", configs);
        until(() -> cleaned(topic).equals(List.of("1 b 1", "2 a 2")));
    }
}
