package dev.konbini.conformance;

import static dev.konbini.conformance.Cases.check;
import static dev.konbini.conformance.Cases.equal;
import static dev.konbini.conformance.Cases.fails;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.RecordTooLargeException;

/** Producing and fetching with Apache Kafka's clients. */
final class Clients {
    private final Kafka kafka;

    private Clients(Kafka kafka) {
        this.kafka = kafka;
    }

    static void run(Kafka kafka) {
        Clients cases = new Clients(kafka);
        Cases.run("java: produce and read in order", cases::plain);
        for (String codec : List.of("gzip", "snappy", "lz4", "zstd")) {
            Cases.run("java: " + codec + " batches", () -> cases.compressed(codec));
        }
        Cases.run("java: acks 0 and 1", cases::weakerAcks);
        Cases.run("java: headers, null keys and values, timestamps", cases::wholeRecords);
        Cases.run("java: a record over max.message.bytes", cases::tooLarge);
        Cases.run("java: look an offset up by its time", cases::byTime);
        Cases.run("java: an offset out of range", cases::outOfRange);
        Cases.run("java: 20 MB through small fetches", cases::bulk);
        Cases.run("java: a compacted topic keeps the last value of a key", cases::compaction);
    }

    private void plain() throws Exception {
        kafka.topic("java-plain", 1);
        kafka.produce("java-plain", 1000);
        equal(IntStream.range(0, 1000).mapToObj(n -> "" + n).toList(), kafka.values("java-plain", "read_uncommitted"));
    }

    private void compressed(String codec) throws Exception {
        String topic = kafka.topic("java-" + codec, 1);
        kafka.produce(topic, 1000, Map.of("compression.type", codec, "linger.ms", 20));
        equal(1000, kafka.values(topic, "read_uncommitted").size());
    }

    private void weakerAcks() throws Exception {
        String topic = kafka.topic("java-acks", 1);
        for (String acks : List.of("0", "1")) {
            kafka.produce(topic, 10, Map.of("acks", acks, "enable.idempotence", false));
        }
        Cases.until(() -> kafka.values(topic, "read_uncommitted").size() == 20);
    }

    private void wholeRecords() throws Exception {
        String topic = kafka.topic("java-records", 1);
        try (var producer = kafka.producer(Map.of())) {
            var record = new ProducerRecord<String, String>(topic, 0, 1_700_000_000_123L, null, null);
            record.headers().add("h", new byte[] {1, 2}).add("h", null);
            producer.send(record).get();
        }
        var found = kafka.all(topic, "read_uncommitted").get(0);
        check(found.key() == null && found.value() == null, found);
        equal(1_700_000_000_123L, found.timestamp());
        equal(2, found.headers().toArray().length);
    }

    private void tooLarge() throws Exception {
        String topic = kafka.topic("java-large", 1, Map.of("max.message.bytes", "1000"));
        try (var producer = kafka.producer(Map.of())) {
            fails(RecordTooLargeException.class,
                () -> producer.send(new ProducerRecord<>(topic, "x".repeat(2000))).get());
            producer.send(new ProducerRecord<>(topic, "small")).get();
        }
        equal(List.of("small"), kafka.values(topic, "read_uncommitted"));
    }

    private void byTime() throws Exception {
        String topic = kafka.topic("java-time", 1);
        try (var producer = kafka.producer(Map.of())) {
            for (long n = 0; n < 10; n++) {
                producer.send(new ProducerRecord<>(topic, 0, 1_000_000 + n * 1000, "k", "" + n)).get();
            }
        }
        TopicPartition partition = new TopicPartition(topic, 0);
        try (var reader = kafka.consumer(Map.of())) {
            equal(5L, reader.offsetsForTimes(Map.of(partition, 1_004_500L)).get(partition).offset());
            check(reader.offsetsForTimes(Map.of(partition, 2_000_000L)).get(partition) == null, "found one");
        }
    }

    private void outOfRange() throws Exception {
        String topic = kafka.topic("java-range", 1);
        kafka.produce(topic, 3);
        TopicPartition partition = new TopicPartition(topic, 0);
        try (var reader = kafka.consumer(Map.of("auto.offset.reset", "none"))) {
            reader.assign(List.of(partition));
            reader.seek(partition, 99);
            fails(org.apache.kafka.clients.consumer.OffsetOutOfRangeException.class, () -> {
                for (int n = 0; n < 50; n++) {
                    reader.poll(Duration.ofMillis(200));
                }
            });
        }
    }

    private void bulk() throws Exception {
        String topic = kafka.topic("java-bulk", 1);
        String value = "v".repeat(1000);
        try (var producer = kafka.producer(Map.of("linger.ms", 5))) {
            for (int n = 0; n < 20_000; n++) {
                producer.send(new ProducerRecord<>(topic, value));
            }
        }
        TopicPartition partition = new TopicPartition(topic, 0);
        try (var reader = kafka.consumer(Map.of("max.partition.fetch.bytes", 100_000))) {
            reader.assign(List.of(partition));
            equal(20_000, Kafka.read(reader, 20_000).size());
            equal(20_000L, reader.position(partition));
        }
    }

    private void compaction() throws Exception {
        String topic = kafka.topic("java-compacted", 1, Map.of(
            "cleanup.policy", "compact",
            "segment.ms", "100",
            "min.cleanable.dirty.ratio", "0.01",
            "delete.retention.ms", "0"));
        try (var producer = kafka.producer(Map.of())) {
            fails(InvalidRecordException.class, () -> producer.send(new ProducerRecord<>(topic, "no key")).get());
            Cases.until(() -> {
                for (int n = 0; n < 10; n++) {
                    producer.send(new ProducerRecord<>(topic, "k" + n % 2, "" + n)).get();
                }
                producer.send(new ProducerRecord<>(topic, "end", "end")).get();
                Map<String, Integer> times = new HashMap<>();
                long before = 0;
                for (var record : kafka.all(topic, "read_uncommitted")) {
                    times.merge(record.key(), 1, Integer::sum);
                    before = record.offset();
                }
                // At first all 11 of a round are there; once the log was cleaned there are fewer than offsets.
                return times.values().stream().mapToInt(n -> n).sum() < before + 1;
            });
        }
    }
}
