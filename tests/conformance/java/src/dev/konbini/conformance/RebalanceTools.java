package dev.konbini.conformance;

import static dev.konbini.conformance.Cases.check;
import static dev.konbini.conformance.Cases.equal;
import static dev.konbini.conformance.Cases.until;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The command-line tools as members of groups, which come, leave and die. */
final class RebalanceTools {
    private static final String PACKAGE = "org.apache.kafka.tools.";
    private static final List<String> PARTITIONS = List.of("0", "1", "2", "3");
    /** Records between two changes. */
    private static final int RECORDS = 200;

    private final Kafka kafka;

    private RebalanceTools(Kafka kafka) {
        this.kafka = kafka;
    }

    static void run(Kafka kafka) {
        RebalanceTools cases = new RebalanceTools(kafka);
        for (String protocol : List.of("classic", "consumer")) {
            Cases.run("kafka-console-consumer: two members of a " + protocol + " group, one leaves",
                () -> cases.console(protocol));
            Cases.run("kafka-verifiable-consumer: members of a " + protocol + " group come and leave under load",
                () -> cases.underLoad(protocol));
        }
        Cases.run("kafka-verifiable-consumer: a member dies", cases::dies);
        Cases.run("kafka-verifiable-consumer: a static member comes back, and nothing moves", cases::staticMember);
    }

    private Tool tool(String main) {
        return new Tool(PACKAGE + main, "--bootstrap-server", kafka.bootstrap);
    }

    private Running consoleMember(String topic, String protocol) throws Exception {
        return new Running(tool("consumer.ConsoleConsumer").start("--topic", topic, "--group", topic,
            "--from-beginning", "--command-property", "group.protocol=" + protocol));
    }

    private Running verifiableMember(String topic, String protocol, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--topic", topic, "--group-id", topic, "--group-protocol",
            protocol, "--verbose"));
        arguments.addAll(List.of(more));
        return new Running(tool("VerifiableConsumer").start(arguments.toArray(String[]::new)));
    }

    /** The partitions of each member, those of the one with the fewest first. */
    private List<List<String>> assigned(String group) throws Exception {
        String table = tool("consumer.group.ConsumerGroupCommand").run("--describe", "--group", group, "--members",
            "--verbose");
        // Where static members are, there is a column more; where no group is yet, there is no table.
        List<String> head = table.lines().filter(line -> line.startsWith("GROUP ")).findFirst()
            .map(line -> List.of(line.split(" +"))).orElse(List.of());
        int column = head.indexOf("CURRENT-ASSIGNMENT");
        return table.lines().filter(line -> line.startsWith(group + " "))
            .map(line -> partitions(line.split(" +")[column]))
            .sorted(Comparator.comparingInt(List::size)).toList();
    }

    /** Of "topic:0,1", or of "-" for none. */
    private static List<String> partitions(String assignment) {
        int colon = assignment.lastIndexOf(':');
        return colon < 0 ? List.of() : List.of(assignment.substring(colon + 1).split(","));
    }

    /** There are as many members, each has as many partitions, and each partition has one of them. */
    private boolean shared(String group, Integer... counts) throws Exception {
        List<List<String>> assigned = assigned(group);
        return assigned.stream().map(List::size).toList().equals(List.of(counts))
            && assigned.stream().flatMap(List::stream).sorted().toList().equals(PARTITIONS);
    }

    /** Values 0 to RECORDS - 1 with a prefix, over all partitions. */
    private List<String> produce(String topic, int prefix) throws Exception {
        String text = tool("VerifiableProducer").run("--topic", topic, "--max-messages", "" + RECORDS,
            "--value-prefix", "" + prefix, "--repeating-keys", "50");
        check(text.contains("\"acked\":" + RECORDS), text);
        return IntStream.range(0, RECORDS).mapToObj(n -> prefix + "." + n).toList();
    }

    /** They have printed all of the records, and none twice. */
    private static void printed(Set<String> expected, Running... members) throws Exception {
        until(() -> records(members).containsAll(expected));
        equal(expected.size(), records(members).size());
    }

    private static List<String> records(Running... members) {
        return Stream.of(members).flatMap(member -> member.lines().stream())
            .filter(line -> line.matches("\\d+\\.\\d+")).toList();
    }

    private void console(String protocol) throws Exception {
        String topic = kafka.topic("console-rebalance-" + protocol, 4);
        try (Running first = consoleMember(topic, protocol); Running second = consoleMember(topic, protocol)) {
            until(() -> shared(topic, 2, 2));
            Set<String> sent = new HashSet<>(produce(topic, 1));
            printed(sent, first, second);
            check(!records(first).isEmpty() && !records(second).isEmpty(), "one of them read nothing");
            second.stop();
            until(() -> shared(topic, 4));
            sent.addAll(produce(topic, 2));
            printed(sent, first, second);
        }
    }

    private Running load(String topic) throws Exception {
        return new Running(tool("VerifiableProducer").start("--topic", topic, "--acks", "-1", "--throughput", "100",
            "--repeating-keys", "50"));
    }

    private void underLoad(String protocol) throws Exception {
        String topic = kafka.topic("verifiable-rebalance-" + protocol, 4);
        try (Running producer = load(topic); Running first = verifiableMember(topic, protocol)) {
            until(() -> shared(topic, 4));
            try (Running second = verifiableMember(topic, protocol)) {
                until(() -> shared(topic, 2, 2));
                int before = second.consumed().size();
                until(() -> second.consumed().size() > before);
                first.stop();
                check(!first.events("partitions_revoked").isEmpty(), first.lines());
                until(() -> shared(topic, 4));
                Running.readAll(producer, first, second);
            }
        }
    }

    private void dies() throws Exception {
        String topic = kafka.topic("verifiable-dies", 4);
        String[] quick = {"--session-timeout", "6000"};
        try (Running producer = load(topic);
            Running first = verifiableMember(topic, "classic", quick);
            Running second = verifiableMember(topic, "classic", quick)) {
            until(() -> shared(topic, 2, 2));
            until(() -> !first.consumed().isEmpty() && !second.consumed().isEmpty());
            second.kill();
            until(() -> shared(topic, 4));
            Running.readAll(producer, first, second);
        }
    }

    private void staticMember() throws Exception {
        String topic = kafka.topic("verifiable-static", 4);
        String[] one = {"--group-instance-id", "one"};
        String[] two = {"--group-instance-id", "two"};
        try (Running first = verifiableMember(topic, "classic", one);
            Running second = verifiableMember(topic, "classic", two)) {
            until(() -> shared(topic, 2, 2));
            int assignments = first.events("partitions_assigned").size();
            second.stop();
            try (Running again = verifiableMember(topic, "classic", two)) {
                until(() -> !again.events("partitions_assigned").isEmpty());
                produce(topic, 1);
                until(() -> first.consumed().size() + again.consumed().size() >= RECORDS);
                check(shared(topic, 2, 2), assigned(topic));
                equal(assignments, first.events("partitions_assigned").size());
            }
        }
    }
}
