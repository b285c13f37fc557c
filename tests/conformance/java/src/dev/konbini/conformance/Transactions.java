package dev.konbini.conformance;

import static dev.konbini.conformance.Cases.equal;
import static dev.konbini.conformance.Cases.fails;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;

/** Transactions with Apache Kafka's producer. */
final class Transactions {
    private final Kafka kafka;

    private Transactions(Kafka kafka) {
        this.kafka = kafka;
    }

    static void run(Kafka kafka) {
        Transactions cases = new Transactions(kafka);
        Cases.run("java transactions: committed is read, aborted is not", cases::commitAndAbort);
        Cases.run("java transactions: an open one holds readers back", cases::open);
        Cases.run("java transactions: offsets of a group", cases::offsets);
        Cases.run("java transactions: the second producer fences the first", cases::fenced);
        Cases.run("java transactions: the timeout aborts", cases::timeout);
        Cases.run("java transactions: an admin describes and aborts a hanging one", cases::administer);
        Cases.run("java transactions: fifty in a row over four partitions", cases::many);
    }

    private KafkaProducer<String, String> begun(String id, Map<String, Object> more) {
        Map<String, Object> all = new java.util.HashMap<>(more);
        all.put("transactional.id", id);
        var producer = kafka.producer(all);
        producer.initTransactions();
        producer.beginTransaction();
        return producer;
    }

    private void commitAndAbort() throws Exception {
        String topic = kafka.topic("java-txn", 1);
        try (var producer = begun(topic, Map.of())) {
            producer.send(new ProducerRecord<>(topic, "a"));
            producer.commitTransaction();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, "b"));
            producer.flush();
            producer.abortTransaction();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, "c"));
            producer.commitTransaction();
        }
        equal(List.of("a", "c"), kafka.values(topic, "read_committed"));
        equal(List.of("a", "b", "c"), kafka.values(topic, "read_uncommitted"));
    }

    private void open() throws Exception {
        String topic = kafka.topic("java-txn-open", 1);
        try (var producer = begun(topic, Map.of())) {
            producer.send(new ProducerRecord<>(topic, "a")).get();
            kafka.produce(topic, 1);
            equal(List.of(), kafka.values(topic, "read_committed"));
            producer.commitTransaction();
            Cases.until(() -> kafka.values(topic, "read_committed").equals(List.of("a", "0")));
        }
    }

    private void offsets() throws Exception {
        String topic = kafka.topic("java-txn-offsets", 1);
        TopicPartition partition = new TopicPartition(topic, 0);
        kafka.produce(topic, 3);
        try (var reader = kafka.member(topic, topic, Map.of()); var producer = begun(topic, Map.of())) {
            Kafka.read(reader, 3);
            ConsumerGroupMetadata group = reader.groupMetadata();
            producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(2)), group);
            producer.abortTransaction();
            equal(Map.of(), kafka.admin.listConsumerGroupOffsets(topic).partitionsToOffsetAndMetadata().get());
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, "out"));
            producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(3)), group);
            producer.commitTransaction();
            Cases.until(() -> {
                var found = kafka.admin.listConsumerGroupOffsets(topic).partitionsToOffsetAndMetadata().get();
                return found.containsKey(partition) && found.get(partition).offset() == 3;
            });
        }
    }

    private void fenced() throws Exception {
        String topic = kafka.topic("java-txn-fenced", 1);
        try (var first = begun(topic, Map.of())) {
            first.send(new ProducerRecord<>(topic, "lost")).get();
            try (var second = begun(topic, Map.of())) {
                fails(ProducerFencedException.class, first::commitTransaction);
                second.send(new ProducerRecord<>(topic, "kept")).get();
                second.commitTransaction();
            }
        }
        equal(List.of("kept"), kafka.values(topic, "read_committed"));
    }

    private void timeout() throws Exception {
        String topic = kafka.topic("java-txn-timeout", 1);
        try (var producer = begun(topic, Map.of("transaction.timeout.ms", 1000))) {
            producer.send(new ProducerRecord<>(topic, "late")).get();
            kafka.produce(topic, 1);
            Cases.until(() -> kafka.values(topic, "read_committed").equals(List.of("0")));
        }
    }

    private void administer() throws Exception {
        String topic = kafka.topic("java-txn-admin", 1);
        TopicPartition partition = new TopicPartition(topic, 0);
        var producer = begun(topic, Map.of());
        producer.send(new ProducerRecord<>(topic, "hangs")).get();
        var found = kafka.admin.describeTransactions(List.of(topic)).all().get().get(topic);
        equal(TransactionState.ONGOING, found.state());
        equal(java.util.Set.of(partition), found.topicPartitions());
        var state = kafka.admin.describeProducers(List.of(partition)).all().get().get(partition)
            .activeProducers().get(0);
        equal(found.producerId(), state.producerId());
        kafka.admin.abortTransaction(new AbortTransactionSpec(partition, state.producerId(),
            (short) state.producerEpoch(), state.coordinatorEpoch().orElse(0))).all().get();
        kafka.produce(topic, 1);
        Cases.until(() -> kafka.values(topic, "read_committed").equals(List.of("0")));
        producer.close(java.time.Duration.ZERO);
    }

    private void many() throws Exception {
        String topic = kafka.topic("java-txn-many", 4);
        try (var producer = kafka.producer(Map.of("transactional.id", topic))) {
            producer.initTransactions();
            for (int n = 0; n < 50; n++) {
                producer.beginTransaction();
                for (int partition = 0; partition < 4; partition++) {
                    producer.send(new ProducerRecord<>(topic, partition, "k", "" + n));
                }
                if (n % 5 == 4) {
                    producer.flush();
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                }
            }
        }
        equal(40, kafka.values(topic, "read_committed").size());
        equal(50, kafka.values(topic, "read_uncommitted").size());
    }
}
