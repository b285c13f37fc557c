package dev.konbini.conformance;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Clients with strings, and topics of a case's own. */
final class Kafka {
    final String bootstrap;
    /** The addresses of all brokers, for who starts while one of them is away. */
    final String addresses;
    final Admin admin;
    /** How many brokers there are. */
    final short brokers;

    Kafka(String bootstrap) throws Exception {
        this.bootstrap = bootstrap;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
        Collection<Node> nodes = admin.describeCluster().nodes().get();
        this.brokers = (short) nodes.size();
        this.addresses = nodes.stream().map(node -> node.host() + ":" + node.port()).collect(Collectors.joining(","));
    }

    /** Creates a topic that every broker has a replica of. */
    String topic(String name, int partitions, Map<String, String> configs) throws Exception {
        admin.createTopics(List.of(new NewTopic(name, partitions, brokers).configs(configs))).all().get();
        // The broker that is asked next may not have heard of it yet.
        Cases.until(() -> admin.listTopics().names().get().contains(name));
        return name;
    }

    String topic(String name, int partitions) throws Exception {
        return topic(name, partitions, Map.of());
    }

    private Map<String, Object> configs(Map<String, ?> more) {
        Map<String, Object> all = new HashMap<>(more);
        all.put("bootstrap.servers", bootstrap);
        return all;
    }

    KafkaProducer<String, String> producer(Map<String, ?> more) {
        return new KafkaProducer<>(configs(more), new StringSerializer(), new StringSerializer());
    }

    KafkaConsumer<String, String> consumer(Map<String, ?> more) {
        Map<String, Object> all = configs(more);
        all.putIfAbsent("auto.offset.reset", "earliest");
        return new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
    }

    KafkaConsumer<String, String> member(String group, String topic, Map<String, ?> more) {
        Map<String, Object> all = new HashMap<>(more);
        all.put("group.id", group);
        KafkaConsumer<String, String> member = consumer(all);
        member.subscribe(List.of(topic));
        return member;
    }

    /** Sends values 0 to count - 1, each with itself as its key, and waits for all of them. */
    void produce(String topic, int count, Map<String, ?> more) throws Exception {
        try (var producer = producer(more)) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (int n = 0; n < count; n++) {
                sent.add(producer.send(new ProducerRecord<>(topic, "" + n, "" + n)));
            }
            for (var one : sent) {
                one.get();
            }
        }
    }

    void produce(String topic, int count) throws Exception {
        produce(topic, count, Map.of());
    }

    /** Sends as many records to partition 0, a second apart. */
    void produceAt(String topic, int count) throws Exception {
        try (var producer = producer(Map.of())) {
            for (int n = 0; n < count; n++) {
                long at = System.currentTimeMillis() - 60_000 + n * 1000L;
                producer.send(new ProducerRecord<>(topic, 0, at, "" + n, "" + n)).get();
            }
        }
    }

    /** Everything that is in partition 0 now. */
    List<ConsumerRecord<String, String>> all(String topic, String isolation) throws Exception {
        TopicPartition partition = new TopicPartition(topic, 0);
        try (var reader = consumer(Map.of("isolation.level", isolation))) {
            reader.assign(List.of(partition));
            reader.seekToBeginning(List.of(partition));
            long end = reader.endOffsets(List.of(partition)).get(partition);
            List<ConsumerRecord<String, String>> found = new ArrayList<>();
            while (reader.position(partition) < end) {
                reader.poll(Duration.ofMillis(200)).forEach(found::add);
            }
            return found;
        }
    }

    List<String> values(String topic, String isolation) throws Exception {
        return all(topic, isolation).stream().map(ConsumerRecord::value).toList();
    }

    /** Reads until as many records came. */
    static List<String> read(KafkaConsumer<String, String> reader, int count) {
        List<String> found = new ArrayList<>();
        while (found.size() < count) {
            reader.poll(Duration.ofMillis(200)).forEach(record -> found.add(record.value()));
        }
        return found;
    }

    /** Polls all of them in turn until the question holds. */
    static void poll(Collection<KafkaConsumer<String, String>> readers, Cases.Question until) throws Exception {
        while (!until.holds()) {
            for (var reader : readers) {
                reader.poll(Duration.ofMillis(50));
            }
        }
    }
}
