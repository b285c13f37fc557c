package dev.konbini.conformance;

import static dev.konbini.conformance.Cases.equal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;

/**
 * A broker's turn on a directory that others had before it: what they wrote is there, and goes on. Usage: Turn
 * HOST:PORT TURN NAME, turns from 1.
 */
public final class Turn {
    private static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    private static final int BATCH = 100;

    private final Kafka kafka;
    private final int turn;

    private Turn(Kafka kafka, int turn) {
        this.kafka = kafka;
        this.turn = turn;
    }

    public static void main(String[] arguments) throws Exception {
        Turn cases = new Turn(new Kafka(arguments[0]), Integer.parseInt(arguments[1]));
        String name = "turn " + arguments[1] + ", " + arguments[2] + ": ";
        Cases.run(name + "topics and their settings", cases::settings);
        Cases.run(name + "records in every codec", cases::records);
        Cases.run(name + "transactions, one of them left open", cases::transactions);
        for (String protocol : List.of("classic", "consumer")) {
            Cases.run(name + "a group of the " + protocol + " protocol goes on", () -> cases.group(protocol));
        }
        Cases.run(name + "the last value of each key", cases::compaction);
        System.exit(0);
    }

    private void topic(String name, Map<String, String> configs) throws Exception {
        if (turn == 1) {
            kafka.topic(name, 1, configs);
        }
    }

    /** What each of the turns before this one wrote. */
    private List<String> before(IntFunction<List<String>> of) {
        return IntStream.range(1, turn).mapToObj(of).flatMap(List::stream).toList();
    }

    private void settings() throws Exception {
        topic("turns-settings", Map.of("max.message.bytes", "10000"));
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, "turns-settings");
        Cases.Question said = () -> {
            var found = kafka.admin.describeConfigs(List.of(resource)).all().get().get(resource);
            return found.get("max.message.bytes").value().equals("" + turn * 10_000);
        };
        if (turn > 1) {
            var described = kafka.admin.describeTopics(List.of("turns-settings")).allTopicNames().get();
            equal(1, described.get("turns-settings").partitions().size());
        }
        Cases.until(said);
        ConfigEntry next = new ConfigEntry("max.message.bytes", "" + (turn + 1) * 10_000);
        var change = new AlterConfigOp(next, AlterConfigOp.OpType.SET);
        kafka.admin.incrementalAlterConfigs(Map.of(resource, List.of(change))).all().get();
    }

    private static List<String> recordsOf(int turn) {
        List<String> values = new ArrayList<>();
        for (String codec : CODECS) {
            IntStream.range(0, BATCH).forEach(n -> values.add(turn + " " + codec + " " + n));
        }
        return values;
    }

    private void records() throws Exception {
        topic("turns-records", Map.of("retention.ms", "-1", "segment.bytes", "1048576"));
        equal(before(Turn::recordsOf), kafka.values("turns-records", "read_uncommitted"));
        for (String codec : CODECS) {
            try (var producer = kafka.producer(Map.of("compression.type", codec, "linger.ms", 20))) {
                for (int n = 0; n < BATCH; n++) {
                    producer.send(new ProducerRecord<>("turns-records", 0, "" + n, turn + " " + codec + " " + n));
                }
            }
        }
        equal(5 * BATCH * turn, kafka.values("turns-records", "read_uncommitted").size());
    }

    private void transactions() throws Exception {
        topic("turns-ledger", Map.of());
        equal(before(n -> List.of("kept " + n)), kafka.values("turns-ledger", "read_committed"));
        // The turn after this one finds it as it is left here: its last transaction is never ended.
        var producer = kafka.producer(Map.of("transactional.id", "turns"));
        producer.initTransactions();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("turns-ledger", "kept " + turn));
        producer.commitTransaction();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("turns-ledger", "dropped " + turn));
        producer.flush();
        producer.abortTransaction();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("turns-ledger", "open " + turn));
        producer.flush();
        List<String> all = new ArrayList<>();
        IntStream.rangeClosed(1, turn).forEach(n -> all.addAll(List.of("kept " + n, "dropped " + n, "open " + n)));
        equal(all, kafka.values("turns-ledger", "read_uncommitted"));
    }

    private void group(String protocol) throws Exception {
        String topic = "turns-" + protocol;
        topic(topic, Map.of());
        kafka.produce(topic, BATCH);
        try (var member = kafka.member(topic, topic, Map.of("group.protocol", protocol))) {
            equal(IntStream.range(0, BATCH).mapToObj(n -> "" + n).toList(), Kafka.read(member, BATCH));
            member.commitSync();
        }
        long committed = kafka.admin.listConsumerGroupOffsets(topic).partitionsToOffsetAndMetadata().get()
            .values().iterator().next().offset();
        equal((long) turn * BATCH, committed);
    }

    private void compaction() throws Exception {
        topic("turns-latest", Map.of("cleanup.policy", "compact", "segment.ms", "100", "min.cleanable.dirty.ratio", "0.01"));
        Map<String, String> expected = new TreeMap<>();
        for (int n = 0; n < BATCH && turn > 1; n++) {
            expected.put("key " + n, "" + (turn - 1));
        }
        Map<String, String> latest = new TreeMap<>();
        keyed().forEach(record -> latest.put(record.key(), record.value()));
        equal(expected, latest);
        try (var producer = kafka.producer(Map.of())) {
            for (int n = 0; n < BATCH; n++) {
                producer.send(new ProducerRecord<>("turns-latest", "key " + n, "" + turn)).get();
            }
            // Compacted in this turn too: what that leaves behind, the next one finds.
            Cases.until(() -> {
                producer.send(new ProducerRecord<>("turns-latest", "clock", "now")).get();
                return keyed().size() == BATCH;
            });
        }
    }

    private List<ConsumerRecord<String, String>> keyed() throws Exception {
        var all = kafka.all("turns-latest", "read_uncommitted");
        return all.stream().filter(record -> record.key().startsWith("key ")).toList();
    }
}
