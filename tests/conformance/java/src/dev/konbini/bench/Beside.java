package dev.konbini.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Two clusters measured by one client in one process, in turns. Usage: Beside HOST:PORT HOST:PORT, the one to be
 * judged first. Prints a line of JSON a figure, as xtask reads them: a ratio of the first to the second.
 */
public final class Beside {
    /** Both have a turn in each round; a ratio is the median of the rounds' ratios, whatever else the machine does. */
    private static final int ROUNDS = 5;
    /** Bytes of values in a round. */
    private static final int ROUND_BYTES = 20_000_000;
    /** Records that are waited for one by one. */
    private static final int SINGLE = 1_000;

    private final Subject[] subjects;
    private int topics;

    private Beside(String... addresses) {
        subjects = Arrays.stream(addresses).map(Subject::new).toArray(Subject[]::new);
    }

    public static void main(String[] arguments) throws Exception {
        Beside bench = new Beside(arguments[0], arguments[1]);
        // The client's own code becomes fast only once it has run for a while.
        bench.warmUp();
        for (int size : new int[] {100, 1024}) {
            for (String codec : List.of("none", "lz4")) {
                for (String acks : List.of("1", "all")) {
                    bench.throughput(size, codec, acks);
                }
            }
        }
        for (String acks : List.of("1", "all")) {
            bench.latency(acks);
        }
        bench.endToEnd();
        System.exit(0);
    }

    private String topic() {
        return "bench-" + topics++;
    }

    private void warmUp() throws Exception {
        for (String codec : List.of("none", "lz4")) {
            for (Subject subject : subjects) {
                String topic = subject.create(topic());
                subject.produce(topic, values(100, ROUND_BYTES / 100), codec, "all");
                subject.consume(topic, ROUND_BYTES / 100);
            }
        }
    }

    private void throughput(int size, String codec, String acks) throws Exception {
        int count = ROUND_BYTES / size;
        byte[][] values = values(size, count);
        List<double[]> produced = new ArrayList<>();
        List<double[]> consumed = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            String topic = topic();
            double[] in = new double[2];
            double[] out = new double[2];
            for (int turn : turns(round)) {
                subjects[turn].create(topic);
                in[turn] = count / subjects[turn].produce(topic, values, codec, acks);
                out[turn] = count / subjects[turn].consume(topic, count);
                subjects[turn].delete(topic);
            }
            produced.add(in);
            consumed.add(out);
        }
        String what = (size == 100 ? "100 B" : "1 KiB") + (codec.equals("none") ? "" : ", " + codec);
        rate("produce " + what + ", acks=" + acks, produced, size);
        // How it was acknowledged makes no difference to who reads it.
        if (acks.equals("all")) {
            rate("consume " + what, consumed, size);
        }
    }

    private void latency(String acks) throws Exception {
        List<double[]> rounds = new ArrayList<>();
        List<double[]> slow = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            double[][] found = new double[2][];
            for (int turn : turns(round)) {
                found[turn] = subjects[turn].latency(subjects[turn].create(topic()), acks, SINGLE);
            }
            rounds.add(new double[] {at(found[0], 0.5), at(found[1], 0.5)});
            slow.add(new double[] {at(found[0], 0.99), at(found[1], 0.99)});
        }
        time("one record of 100 B, acks=" + acks + ", p50", rounds);
        time("the same, p99", slow);
    }

    private void endToEnd() throws Exception {
        List<double[]> rounds = new ArrayList<>();
        List<double[]> slow = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            double[][] found = new double[2][];
            for (int turn : turns(round)) {
                found[turn] = subjects[turn].endToEnd(subjects[turn].create(topic()), SINGLE);
            }
            rounds.add(new double[] {at(found[0], 0.5), at(found[1], 0.5)});
            slow.add(new double[] {at(found[0], 0.99), at(found[1], 0.99)});
        }
        time("from send to a waiting consumer, acks=all, p50", rounds);
        time("the same, p99", slow);
    }

    /** Who begins changes from round to round. */
    private static int[] turns(int round) {
        return round % 2 == 0 ? new int[] {0, 1} : new int[] {1, 0};
    }

    /** Values that compress about as text does; the same ones in every run. */
    private static byte[][] values(int size, int count) {
        Random random = new Random(7);
        String[] words = new String[500];
        for (int n = 0; n < words.length; n++) {
            words[n] = Long.toString(Math.abs(random.nextLong()), 36).substring(0, 3 + random.nextInt(6)) + " ";
        }
        byte[][] some = new byte[1000][];
        for (int n = 0; n < some.length; n++) {
            StringBuilder text = new StringBuilder();
            while (text.length() < size) {
                text.append(words[random.nextInt(words.length)]);
            }
            some[n] = text.substring(0, size).getBytes();
        }
        byte[][] all = new byte[count][];
        Arrays.setAll(all, n -> some[n % some.length]);
        return all;
    }

    private static double at(double[] sorted, double share) {
        return sorted[(int) (sorted.length * share)];
    }

    private static double median(List<double[]> rounds, int turn) {
        return at(rounds.stream().mapToDouble(round -> round[turn]).sorted().toArray(), 0.5);
    }

    private static double ratio(List<double[]> rounds) {
        return at(rounds.stream().mapToDouble(round -> round[0] / round[1]).sorted().toArray(), 0.5);
    }

    /** Records per second: more is better. */
    private static void rate(String name, List<double[]> rounds, int size) {
        double ours = median(rounds, 0);
        double theirs = median(rounds, 1);
        String detail = String.format(Locale.ROOT, "%,.0f records/s (%.0f MB/s) / %,.0f (%.0f)",
            ours, ours * size / 1e6, theirs, theirs * size / 1e6);
        row(name, ratio(rounds), "more", detail);
    }

    /** Seconds: less is better. */
    private static void time(String name, List<double[]> rounds) {
        double ours = median(rounds, 0);
        double theirs = median(rounds, 1);
        row(name, ratio(rounds), "less", String.format(Locale.ROOT, "%.2f ms / %.2f", ours * 1e3, theirs * 1e3));
    }

    private static void row(String name, double ratio, String better, String detail) {
        System.out.printf(Locale.ROOT, "{\"name\":\"%s\",\"ratio\":%.4f,\"aim\":1,\"better\":\"%s\",\"detail\":\"%s\"}%n",
            name, ratio, better, detail);
    }

    static Duration poll() {
        return Duration.ofMillis(500);
    }
}
