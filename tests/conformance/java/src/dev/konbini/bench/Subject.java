package dev.konbini.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** One of the clusters: what is done to it, and how many seconds that took. */
final class Subject {
    private static final double NANOS = 1e9;

    private final String bootstrap;
    private final Admin admin;

    Subject(String bootstrap) {
        this.bootstrap = bootstrap;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    String create(String topic) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
        return topic;
    }

    void delete(String topic) throws Exception {
        admin.deleteTopics(List.of(topic)).all().get();
    }

    private KafkaProducer<byte[], byte[]> producer(Map<String, Object> more) {
        Map<String, Object> all = new HashMap<>(more);
        all.put("bootstrap.servers", bootstrap);
        all.put("enable.idempotence", "all".equals(more.get("acks")));
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        Map<String, Object> all = Map.of("bootstrap.servers", bootstrap, "auto.offset.reset", "earliest");
        return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** Sends as fast as the client can, until all is acknowledged. */
    double produce(String topic, byte[][] values, String codec, String acks) throws Exception {
        try (var producer = producer(Map.of(
                "acks", acks, "compression.type", codec, "batch.size", 65_536, "linger.ms", 5))) {
            producer.partitionsFor(topic);
            long begun = System.nanoTime();
            Future<RecordMetadata> last = null;
            for (byte[] value : values) {
                last = producer.send(new ProducerRecord<>(topic, 0, null, value));
            }
            producer.flush();
            double took = (System.nanoTime() - begun) / NANOS;
            if (last.get().offset() != values.length - 1) {
                throw new IllegalStateException("the last record is at " + last.get().offset());
            }
            return took;
        }
    }

    /** Reads as many records from the start. */
    double consume(String topic, int count) {
        try (var consumer = consumer()) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            consumer.partitionsFor(topic);
            long begun = System.nanoTime();
            int read = 0;
            while (read < count) {
                read += consumer.poll(Beside.poll()).count();
            }
            return (System.nanoTime() - begun) / NANOS;
        }
    }

    /** Sends records one after the other; how long each took, sorted. */
    double[] latency(String topic, String acks, int count) throws Exception {
        double[] took = new double[count];
        try (var producer = producer(Map.of("acks", acks, "linger.ms", 0))) {
            producer.partitionsFor(topic);
            for (int n = -count / 5; n < count; n++) {
                long begun = System.nanoTime();
                producer.send(new ProducerRecord<>(topic, 0, null, new byte[100])).get();
                if (n >= 0) {
                    took[n] = (System.nanoTime() - begun) / NANOS;
                }
            }
        }
        java.util.Arrays.sort(took);
        return took;
    }

    /** The same, until a consumer that waits has each. */
    double[] endToEnd(String topic, int count) throws Exception {
        double[] took = new double[count];
        AtomicLong seen = new AtomicLong();
        AtomicBoolean ends = new AtomicBoolean();
        Semaphore came = new Semaphore(0);
        Thread reader = new Thread(() -> {
            try (var consumer = consumer()) {
                consumer.assign(List.of(new TopicPartition(topic, 0)));
                while (!ends.get()) {
                    int found = consumer.poll(Beside.poll()).count();
                    seen.set(System.nanoTime());
                    came.release(found);
                }
            }
        });
        reader.start();
        try (var producer = producer(Map.of("acks", "all", "linger.ms", 0))) {
            for (int n = -count / 5; n < count; n++) {
                long begun = System.nanoTime();
                producer.send(new ProducerRecord<>(topic, 0, null, new byte[100]));
                came.acquire();
                if (n >= 0) {
                    took[n] = (seen.get() - begun) / NANOS;
                }
            }
        }
        ends.set(true);
        reader.join();
        java.util.Arrays.sort(took);
        return took;
    }
}
