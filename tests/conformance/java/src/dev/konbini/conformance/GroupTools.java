package dev.konbini.conformance;

import static dev.konbini.conformance.Cases.check;
import static dev.konbini.conformance.Cases.equal;
import static dev.konbini.conformance.Cases.holds;
import static dev.konbini.conformance.Cases.until;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The command-line tools that produce, consume and look after groups. */
final class GroupTools {
    private static final String PACKAGE = "org.apache.kafka.tools.";
    private final Kafka kafka;

    private GroupTools(Kafka kafka) {
        this.kafka = kafka;
    }

    static void run(Kafka kafka) {
        GroupTools cases = new GroupTools(kafka);
        Cases.run("kafka-console-producer and -consumer: keys, headers, offsets", cases::console);
        Cases.run("kafka-console-consumer: a group goes on", cases::consoleGroup);
        Cases.run("kafka-consumer-groups: list, describe, state, members", cases::describe);
        Cases.run("kafka-consumer-groups: reset, delete offsets, delete", cases::reset);
        Cases.run("kafka-groups: list", cases::groups);
        Cases.run("kafka-verifiable-producer and -consumer", cases::verifiable);
        Cases.run("kafka-producer-perf-test and kafka-consumer-perf-test", cases::performance);
        Cases.run("kafka-console-consumer: formatters of the internal topics", cases::formatters);
    }

    private Tool tool(String main) {
        return new Tool(PACKAGE + main, "--bootstrap-server", kafka.bootstrap);
    }

    private void console() throws Exception {
        kafka.topic("console", 1);
        tool("ConsoleProducer").with("h:1\ta:one\nNULL\tb:two\n", "--topic", "console",
            "--reader-property", "parse.key=true", "--reader-property", "key.separator=:",
            "--reader-property", "parse.headers=true", "--reader-property", "null.marker=NULL",
            "--compression-codec", "zstd");
        String text = tool("consumer.ConsoleConsumer").run("--topic", "console", "--from-beginning", "--max-messages", "2",
            "--formatter-property", "print.key=true", "--formatter-property", "print.offset=true",
            "--formatter-property", "print.headers=true", "--timeout-ms", "60000");
        holds(text, "Offset:0\th:1\ta\tone", "Offset:1\tNO_HEADERS\tb\ttwo", "Processed a total of 2 messages");
    }

    private void consoleGroup() throws Exception {
        kafka.topic("console-group", 1);
        kafka.produce("console-group", 10);
        Tool consumer = tool("consumer.ConsoleConsumer");
        String[] arguments = {"--topic", "console-group", "--group", "console", "--from-beginning", "--max-messages",
            "5", "--timeout-ms", "60000", "--command-property", "max.poll.records=5"};
        holds(consumer.run(arguments), "0\n1\n2\n3\n4\n");
        holds(consumer.run(arguments), "5\n6\n7\n8\n9\n");
    }

    private void describe() throws Exception {
        Tool groups = tool("consumer.group.ConsumerGroupCommand");
        String topic = kafka.topic("tool-group", 2);
        kafka.produce(topic, 10);
        try (var member = kafka.member(topic, topic, Map.of())) {
            Kafka.read(member, 10);
            member.commitSync();
            holds(groups.run("--list"), topic);
            holds(groups.run("--list", "--state"), "Stable");
            String text = groups.run("--describe", "--group", topic);
            holds(text, "CURRENT-OFFSET", "CONSUMER-ID", "/127.0.0.1");
            equal(2L, text.lines().filter(line -> line.startsWith(topic + " ")).count());
            holds(groups.run("--describe", "--group", topic, "--state"), "Stable", "range");
            holds(groups.run("--describe", "--group", topic, "--members", "--verbose"), topic + ":0,1");
        }
    }

    private void reset() throws Exception {
        Tool groups = tool("consumer.group.ConsumerGroupCommand");
        String topic = kafka.topic("tool-reset", 1);
        kafka.produce(topic, 10);
        String[] of = {"--group", topic, "--topic", topic};
        String text = groups.run("--reset-offsets", "--to-offset", "4", "--execute", of[0], of[1], of[2], of[3]);
        check(text.lines().anyMatch(line -> line.matches(topic + " +" + topic + " +0 +4 *")), text);
        holds(groups.run("--describe", "--group", topic), "no active members");
        groups.run("--reset-offsets", "--shift-by", "2", "--execute", of[0], of[1], of[2], of[3]);
        text = groups.run("--reset-offsets", "--export", "--to-current", "--dry-run", of[0], of[1], of[2], of[3]);
        holds(text, topic + ",0,6");
        groups.run("--delete-offsets", of[0], of[1], of[2], of[3]);
        String left = groups.run("--delete", "--group", topic);
        holds(left, "successful");
        until(() -> !groups.run("--list").contains(topic));
    }

    private void groups() throws Exception {
        String topic = kafka.topic("tool-groups", 1);
        try (var member = kafka.member(topic, topic, Map.of("group.protocol", "consumer"))) {
            Kafka.poll(List.of(member), () -> !member.assignment().isEmpty());
            String text = tool("GroupsCommand").run("--list");
            check(text.lines().anyMatch(line -> line.matches(topic + " +Consumer +consumer *")), text);
        }
    }

    private void verifiable() throws Exception {
        String topic = kafka.topic("verifiable", 2);
        String text = tool("VerifiableProducer").run("--topic", topic, "--max-messages", "1000", "--acks", "-1",
            "--throughput", "-1");
        equal(1000L, text.lines().filter(line -> line.contains("\"producer_send_success\"")).count());
        holds(text, "\"sent\":1000", "\"acked\":1000");
        for (String protocol : List.of("classic", "consumer")) {
            text = tool("VerifiableConsumer").run("--topic", topic, "--group-id", topic + protocol,
                "--group-protocol", protocol, "--reset-policy", "earliest", "--max-messages", "1000");
            holds(text, "\"offsets_committed\"", "\"success\":true", "shutdown_complete");
            check(!text.contains("\"success\":false"), text);
        }
    }

    private void performance() throws Exception {
        String topic = kafka.topic("performance", 3);
        String text = new Tool(PACKAGE + "ProducerPerformance").run("--topic", topic, "--num-records", "50000",
            "--record-size", "100", "--throughput", "-1", "--bootstrap-server", kafka.bootstrap, "--command-property",
            "acks=all");
        holds(text, "50000 records sent");
        text = tool("ConsumerPerformance").run("--topic", topic, "--num-records", "50000");
        check(text.lines().anyMatch(line -> line.contains(", 50000, ")), text);
    }

    private void formatters() throws Exception {
        Map<String, String> wanted = Map.of(
            "__consumer_offsets", "OffsetsMessageFormatter",
            "__transaction_state", "TransactionLogMessageFormatter");
        for (var each : wanted.entrySet()) {
            String text = tool("consumer.ConsoleConsumer").run("--topic", each.getKey(), "--from-beginning", "--timeout-ms",
                "5000", "--formatter", PACKAGE + "consumer." + each.getValue());
            List<String> lines = text.lines().filter(line -> line.startsWith("{")).collect(Collectors.toList());
            check(!lines.isEmpty(), text);
            check(lines.stream().noneMatch(line -> line.contains("unknown")), text);
        }
    }
}
