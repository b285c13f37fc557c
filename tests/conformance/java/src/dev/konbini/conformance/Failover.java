package dev.konbini.conformance;

import static dev.konbini.conformance.Cases.equal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartitionInfo;

/** The broker that leads is taken away under a producer and a group, and comes back. */
final class Failover {
    /** Records between two orders, at the least. */
    private static final int RECORDS = 200;

    private final Kafka kafka;
    private final Control control;

    private Failover(Kafka kafka, Control control) {
        this.kafka = kafka;
        this.control = control;
    }

    static void run(Kafka kafka, Control control) {
        Failover cases = new Failover(kafka, control);
        for (String protocol : List.of("classic", "consumer")) {
            Cases.run("java: a leader is killed, then one stopped, under load of a " + protocol + " group",
                () -> cases.underLoad(protocol));
        }
    }

    private void underLoad(String protocol) throws Exception {
        String topic = kafka.topic("java-failover-" + protocol, 1);
        try (var load = new Load(topic, protocol)) {
            load.more();
            for (String order : List.of("kill", "stop")) {
                int leader = partition(topic).leader().id();
                control.order(leader, order);
                load.goOn(() -> partition(topic).leader() != null && partition(topic).leader().id() != leader);
                load.more();
                control.order(leader, "start");
                load.goOn(() -> partition(topic).isr().size() == kafka.brokers);
                load.more();
            }
            load.finish();
            List<String> everything = IntStream.range(0, load.sent.size()).mapToObj(n -> "" + n).toList();
            equal(everything, kafka.values(topic, "read_uncommitted"));
            equal(Set.copyOf(everything), load.seen);
        }
    }

    private TopicPartitionInfo partition(String topic) throws Exception {
        return kafka.admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().get(0);
    }

    /** An idempotent producer, and a group of one that reads what it writes. */
    private final class Load implements AutoCloseable {
        final List<Future<RecordMetadata>> sent = new ArrayList<>();
        final Set<String> seen = new HashSet<>();
        private final String topic;
        private final KafkaProducer<String, String> producer;
        private final KafkaConsumer<String, String> member;

        Load(String topic, String protocol) {
            this.topic = topic;
            producer = kafka.producer(Map.of("acks", "all"));
            member = kafka.member(topic, topic, Map.of("group.protocol", protocol, "auto.commit.interval.ms", 100));
        }

        /** Writes and reads until it holds. */
        void goOn(Cases.Question holds) throws Exception {
            while (!holds.holds()) {
                sent.add(producer.send(new ProducerRecord<>(topic, "" + sent.size())));
                read(5);
            }
        }

        /** Goes on until so many more are acknowledged and read. */
        void more() throws Exception {
            int enough = sent.size() + RECORDS;
            int read = seen.size() + RECORDS;
            goOn(() -> sent.size() > enough && sent.get(enough).isDone() && seen.size() >= read);
        }

        /** Every record is acknowledged, and read by the group. */
        void finish() throws Exception {
            for (var one : sent) {
                one.get();
            }
            Cases.until(() -> {
                read(100);
                return seen.size() >= sent.size();
            });
        }

        private void read(int millis) {
            member.poll(Duration.ofMillis(millis)).forEach(record -> seen.add(record.value()));
        }

        @Override
        public void close() {
            producer.close(Duration.ZERO);
            member.close();
        }
    }
}
