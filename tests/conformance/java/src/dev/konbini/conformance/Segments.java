package dev.konbini.conformance;

import static dev.konbini.conformance.Cases.check;
import static dev.konbini.conformance.Cases.equal;
import static dev.konbini.conformance.Cases.holds;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.ProducerRecord;

/** kafka-dump-log on the files that the brokers wrote, and what lies in their directories. */
final class Segments {
    private static final Pattern BATCH =
        Pattern.compile("^baseOffset: (\\d+) .* position: (\\d+) .* size: (\\d+) .* isvalid: true$");
    private static final Pattern RECORD =
        Pattern.compile("^\\| offset: (\\d+) .* key: (\\S+) payload: (\\S+)$");
    private final Kafka kafka;
    private final Path data;
    private final Tool dump = new Tool("org.apache.kafka.tools.DumpLogSegments");

    private Segments(Kafka kafka, Path data) {
        this.kafka = kafka;
        this.data = data;
    }

    static void run(Kafka kafka, Path data) {
        Segments cases = new Segments(kafka, data);
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            Cases.run("kafka-dump-log: records and batches, " + codec, () -> cases.records(codec));
        }
        Cases.run("kafka-dump-log: the indexes of rolled segments agree with their logs", cases::indexes);
        Cases.run("kafka-dump-log: producer snapshots and aborted transactions", cases::producers);
        Cases.run("kafka-dump-log: __consumer_offsets", cases::offsets);
        Cases.run("kafka-dump-log: __transaction_state", cases::transactions);
        Cases.run("kafka-dump-log: __cluster_metadata", cases::metadata);
        Cases.run("directory: the files of a topic are Kafka's", cases::layout);
        Cases.run("directory: meta.properties and checkpoint files", cases::root);
    }

    /** A topic whose one replica is on broker 1. */
    private Path topic(String name, Map<String, String> configs) throws Exception {
        NewTopic topic = new NewTopic(name, Map.of(0, List.of(1))).configs(configs);
        kafka.admin.createTopics(List.of(topic)).all().get();
        Cases.until(() -> kafka.admin.listTopics().names().get().contains(name));
        return data.resolve("broker-1").resolve(name + "-0");
    }

    private static List<Path> files(Path dir, String suffix) throws Exception {
        try (var all = Files.list(dir)) {
            return all.filter(path -> path.toString().endsWith(suffix)).sorted().toList();
        }
    }

    private String dumped(List<Path> files, String... more) throws Exception {
        check(!files.isEmpty(), "no such file");
        List<String> arguments = new ArrayList<>(List.of("--files",
            String.join(",", files.stream().map(Path::toString).toList())));
        arguments.addAll(Arrays.asList(more));
        String text = dump.run(arguments.toArray(String[]::new));
        check(!text.contains("isvalid: false") && !text.contains("Mismatches") && !text.contains("mismatch")
            && !text.contains("out of order") && !text.contains("Exception"), text);
        return text;
    }

    private static List<Matcher> lines(String text, Pattern pattern) {
        return text.lines().map(pattern::matcher).filter(Matcher::matches).toList();
    }

    private void records(String codec) throws Exception {
        Path dir = topic("dump-" + codec, Map.of());
        kafka.produce("dump-" + codec, 500, Map.of("compression.type", codec, "linger.ms", 5));
        Path log = files(dir, ".log").get(0);
        String text = dumped(List.of(log), "--print-data-log", "--deep-iteration");
        List<Matcher> records = lines(text, RECORD);
        equal(500, records.size());
        for (int n = 0; n < 500; n++) {
            Matcher record = records.get(n);
            equal(List.of("" + n, "" + n, "" + n), List.of(record.group(1), record.group(2), record.group(3)));
        }
        long position = 0;
        for (Matcher batch : lines(text, BATCH)) {
            equal("" + position, batch.group(2));
            position += Long.parseLong(batch.group(3));
        }
        equal(Files.size(log), position);
        holds(text, "compresscodec: " + codec, "isTransactional: false", "partitionLeaderEpoch: 0");
    }

    private void indexes() throws Exception {
        Path dir = topic("dump-index", Map.of("segment.bytes", "1048576", "index.interval.bytes", "4096"));
        String value = "v".repeat(1000);
        long begun = System.currentTimeMillis() - 5000;
        try (var producer = kafka.producer(Map.of("batch.size", 2000, "linger.ms", 1))) {
            for (int n = 0; n < 5000; n++) {
                producer.send(new ProducerRecord<>("dump-index", 0, begun + n, "k", value));
            }
        }
        for (String suffix : List.of(".index", ".timeindex")) {
            String text = dumped(files(dir, suffix));
            check(text.lines().filter(line -> line.startsWith(suffix.equals(".index") ? "offset: " : "timestamp: "))
                .count() > 100, text);
            dumped(files(dir, suffix), "--verify-index-only");
            if (suffix.equals(".index")) {
                dumped(files(dir, suffix), "--index-sanity-check");
            }
        }
    }

    private void producers() throws Exception {
        Path dir = topic("dump-producers", Map.of("segment.ms", "100"));
        kafka.produceAt("dump-producers", 1);
        try (var producer = kafka.producer(Map.of("transactional.id", "dump-producers"))) {
            producer.initTransactions();
            for (int n = 0; n < 4; n++) {
                producer.beginTransaction();
                long at = System.currentTimeMillis() + n * 1000L;
                producer.send(new ProducerRecord<>("dump-producers", 0, at, "k", "v")).get();
                if (n % 2 == 0) {
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                }
            }
        }
        String text = dumped(files(dir, ".snapshot"));
        holds(text, "producerId: ", "producerEpoch: ", "coordinatorEpoch: 0", "lastTimestamp: ", "firstSequence: 0");
        text = dumped(files(dir, ".txnindex"));
        holds(text, "version: 0 producerId: ", "firstOffset: 1 lastOffset: 2 lastStableOffset: 3");
    }

    /** All logs of a topic, of all brokers, in which something is. */
    private List<Path> logs(String topic) throws Exception {
        List<Path> found = new ArrayList<>();
        try (var all = Files.walk(data)) {
            for (Path path : all.toList()) {
                if (path.getParent().getFileName().toString().matches(topic + "-\\d+")
                    && path.toString().endsWith(".log") && Files.size(path) > 0) {
                    found.add(path);
                }
            }
        }
        return found;
    }

    private void offsets() throws Exception {
        String topic = kafka.topic("dump-offsets", 1);
        kafka.produce(topic, 7);
        try (var member = kafka.member(topic, topic, Map.of())) {
            Kafka.read(member, 7);
            member.commitSync();
        }
        String text = dumped(logs("__consumer_offsets"), "--offsets-decoder");
        holds(text, "\"type\":\"1\",\"data\":{\"group\":\"dump-offsets\",\"topic\":\"dump-offsets\",\"partition\":0}",
            "\"offset\":7", "\"protocolType\":\"consumer\"");
        check(!text.contains("Failed to decode"), text);
    }

    private void transactions() throws Exception {
        String text = dumped(logs("__transaction_state"), "--transaction-log-decoder");
        holds(text, "transactionalId", "dump-producers",
            "\"transactionStatus\":1", "\"transactionStatus\":4", "\"transactionStatus\":5");
        check(!text.contains("Failed to decode"), text);
    }

    private void metadata() throws Exception {
        String text = dumped(files(data.resolve("broker-1/__cluster_metadata-0"), ".log"),
            "--cluster-metadata-decoder");
        holds(text, "\"type\":\"TOPIC_RECORD\",\"version\":0,\"data\":{\"name\":\"dump-index\"", "PARTITION_RECORD",
            "REGISTER_BROKER_RECORD", "FEATURE_LEVEL_RECORD", "CONFIG_RECORD", "LeaderChange");
        check(!text.contains("Skipping malformed") && !text.contains("Could not"), text);
        for (Path snapshot : files(data.resolve("broker-1/__cluster_metadata-0"), ".checkpoint")) {
            holds(dumped(List.of(snapshot), "--cluster-metadata-decoder"), "SnapshotHeader", "SnapshotFooter");
        }
    }

    private void layout() throws Exception {
        Path dir = topic("dump-layout", Map.of("segment.ms", "100"));
        try (var producer = kafka.producer(Map.of())) {
            for (int n = 0; n < 3; n++) {
                producer.send(new ProducerRecord<>("dump-layout", 0, 1_000_000L + n * 1000, "k", "v")).get();
            }
        }
        var names = new TreeSet<String>();
        try (var all = Files.list(dir)) {
            all.forEach(path -> names.add(path.getFileName().toString()));
        }
        // The indexes of the active segment are in memory until it is closed.
        List<String> wanted = new ArrayList<>();
        for (int base : IntStream.range(0, 3).toArray()) {
            String stem = String.format("%020d", base);
            wanted.add(stem + ".log");
            if (base < 2) {
                wanted.addAll(List.of(stem + ".index", stem + ".timeindex"));
            }
            if (base > 0) {
                wanted.add(stem + ".snapshot");
            }
        }
        wanted.addAll(List.of("leader-epoch-checkpoint", "partition.metadata"));
        equal(new TreeSet<>(wanted), names);
        String id = kafka.admin.describeTopics(List.of("dump-layout")).allTopicNames().get().get("dump-layout")
            .topicId().toString();
        equal("version: 0\ntopic_id: " + id, Files.readString(dir.resolve("partition.metadata")));
        equal("0\n1\n0 0\n", Files.readString(dir.resolve("leader-epoch-checkpoint")));
    }

    private void root() throws Exception {
        Properties meta = new Properties();
        try (var reader = Files.newBufferedReader(data.resolve("broker-1/meta.properties"))) {
            meta.load(reader);
        }
        equal("1", meta.getProperty("version"));
        equal("1", meta.getProperty("node.id"));
        equal(kafka.admin.describeCluster().clusterId().get(), meta.getProperty("cluster.id"));
        equal(22, meta.getProperty("directory.id").length());
        for (String name : List.of("recovery-point-offset-checkpoint", "replication-offset-checkpoint",
            "log-start-offset-checkpoint", "cleaner-offset-checkpoint")) {
            List<String> lines = Files.readAllLines(data.resolve("broker-1").resolve(name));
            equal("0", lines.get(0));
            equal(lines.size() - 2, Integer.parseInt(lines.get(1)));
            check(lines.stream().skip(2).allMatch(line -> line.matches("\\S+ \\d+ \\d+")), lines);
        }
    }
}
