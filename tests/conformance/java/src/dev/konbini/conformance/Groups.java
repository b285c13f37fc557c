package dev.konbini.conformance;

import static dev.konbini.conformance.Cases.check;
import static dev.konbini.conformance.Cases.equal;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;

/** Consumer groups with Apache Kafka's consumer, in both protocols. */
final class Groups {
    private final Kafka kafka;
    private final String protocol;
    private final Map<String, String> configs;

    private Groups(Kafka kafka, String protocol, Map<String, String> configs) {
        this.kafka = kafka;
        this.protocol = protocol;
        this.configs = configs;
    }

    static void run(Kafka kafka) {
        String sticky = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
        new Groups(kafka, "classic", Map.of("group.protocol", "classic")).all();
        new Groups(kafka, "cooperative",
            Map.of("group.protocol", "classic", "partition.assignment.strategy", sticky)).all();
        new Groups(kafka, "consumer", Map.of("group.protocol", "consumer")).all();
        Cases.run("java group: a classic group moves to the new protocol member by member", () -> migration(kafka));
    }

    private void all() {
        Cases.run("java group, " + protocol + ": goes on where it left off", this::goesOn);
        Cases.run("java group, " + protocol + ": members come, leave and die", this::rebalance);
        Cases.run("java group, " + protocol + ": a static member comes back", this::staticMember);
        Cases.run("java group, " + protocol + ": describe, alter and delete", this::administer);
    }

    private String name(String of) {
        return "java-" + protocol + "-" + of;
    }

    private void goesOn() throws Exception {
        String topic = kafka.topic(name("on"), 2);
        kafka.produce(topic, 10);
        try (var first = kafka.member(topic, topic, configs)) {
            equal(10, Kafka.read(first, 10).size());
            first.commitSync();
        }
        kafka.produce(topic, 1);
        try (var second = kafka.member(topic, topic, configs)) {
            equal(List.of("0"), Kafka.read(second, 1));
        }
    }

    private void rebalance() throws Exception {
        String topic = kafka.topic(name("rebalance"), 4);
        Map<String, String> quick = new java.util.HashMap<>(configs);
        if (!protocol.equals("consumer")) {
            quick.put("session.timeout.ms", "6000");
            quick.put("heartbeat.interval.ms", "500");
        }
        try (var first = kafka.member(topic, topic, quick)) {
            Kafka.poll(List.of(first), () -> first.assignment().size() == 4);
            try (var second = kafka.member(topic, topic, quick)) {
                Kafka.poll(List.of(first, second), () -> shares(first, second).equals(List.of(2, 2)));
            }
            Kafka.poll(List.of(first), () -> first.assignment().size() == 4);
        }
    }

    @SafeVarargs
    private static List<Integer> shares(KafkaConsumer<String, String>... members) {
        return Stream.of(members).map(member -> member.assignment().size()).toList();
    }

    private void staticMember() throws Exception {
        String topic = kafka.topic(name("static"), 2);
        Map<String, String> fixed = new java.util.HashMap<>(configs);
        fixed.put("group.instance.id", "one");
        String id;
        try (var first = kafka.member(topic, topic, fixed)) {
            Kafka.poll(List.of(first), () -> first.assignment().size() == 2);
            id = first.groupMetadata().memberId();
        }
        try (var again = kafka.member(topic, topic, fixed)) {
            Kafka.poll(List.of(again), () -> again.assignment().size() == 2);
            check(!again.groupMetadata().memberId().equals(id), "the same member id");
            equal("one", again.groupMetadata().groupInstanceId().orElse("none"));
        }
    }

    private void administer() throws Exception {
        String group = kafka.topic(name("admin"), 1);
        TopicPartition partition = new TopicPartition(group, 0);
        kafka.produce(group, 5);
        try (var member = kafka.member(group, group, configs)) {
            Kafka.read(member, 5);
            member.commitSync(Map.of(partition, new OffsetAndMetadata(3, "note")));
            var found = kafka.admin.describeConsumerGroups(List.of(group)).all().get().get(group);
            equal(GroupState.STABLE, found.groupState());
            var one = found.members().iterator().next();
            check(one.assignment().topicPartitions().contains(partition), found);
        }
        Cases.until(() -> kafka.admin.describeConsumerGroups(List.of(group)).all().get().get(group).groupState()
            == GroupState.EMPTY);
        kafka.admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(1, "moved"))).all().get();
        var committed = kafka.admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        equal(new OffsetAndMetadata(1, "moved"), committed.get(partition));
        kafka.admin.deleteConsumerGroups(List.of(group)).all().get();
        check(kafka.admin.listGroups().all().get().stream().noneMatch(each -> each.groupId().equals(group)), "listed");
    }

    private static void migration(Kafka kafka) throws Exception {
        String topic = kafka.topic("java-migration", 2);
        try (var old = kafka.member(topic, topic, Map.of("group.protocol", "classic"))) {
            Kafka.poll(List.of(old), () -> old.assignment().size() == 2);
            try (var fresh = kafka.member(topic, topic, Map.of("group.protocol", "consumer"))) {
                Kafka.poll(List.of(old, fresh), () -> shares(old, fresh).equals(List.of(1, 1)));
                kafka.produce(topic, 10);
                int[] count = {0};
                while (count[0] < 10) {
                    for (var member : List.of(old, fresh)) {
                        for (ConsumerRecord<String, String> ignored : member.poll(Duration.ofMillis(100))) {
                            count[0]++;
                        }
                    }
                }
                old.close();
                Kafka.poll(List.of(fresh), () -> fresh.assignment().size() == 2);
            }
        }
    }
}
