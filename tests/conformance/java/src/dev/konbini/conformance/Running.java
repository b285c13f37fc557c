package dev.konbini.conformance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A tool that goes on until it is told to stop, and the lines that it has printed so far. */
final class Running implements AutoCloseable {
    private static final Pattern VALUE = Pattern.compile("\"value\":\"([^\"]*)\"");

    private final Process process;
    private final Thread reader;
    private final List<String> lines = new ArrayList<>();
    private boolean told;

    Running(Process process) {
        this.process = process;
        reader = new Thread(this::read);
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (var from = process.inputReader()) {
            for (String line = from.readLine(); line != null; line = from.readLine()) {
                synchronized (lines) {
                    lines.add(line);
                }
            }
        } catch (IOException closed) {
            // Its case is over, and reads no more of it.
        }
    }

    List<String> lines() {
        synchronized (lines) {
            // Else its case would wait until its own limit for what cannot come.
            Cases.check(told || process.isAlive(), "the tool has ended: " + lines);
            return List.copyOf(lines);
        }
    }

    /** The lines in which a verifiable tool tells of such an event. */
    List<String> events(String name) {
        String part = "\"name\":\"" + name + "\"";
        return lines().stream().filter(line -> line.contains(part)).toList();
    }

    /** The values in such events, a record each. */
    List<String> values(String event) {
        return events(event).stream().map(VALUE::matcher).filter(Matcher::find).map(found -> found.group(1)).toList();
    }

    List<String> acknowledged() {
        return values("producer_send_success");
    }

    List<String> consumed() {
        return values("record_data");
    }

    /** Stops the producer, and waits until each record that it was acknowledged is read by one of the consumers. */
    static void readAll(Running producer, Running... consumers) throws Exception {
        producer.stop();
        Cases.equal(List.of(), producer.events("producer_send_error"));
        Set<String> acknowledged = new HashSet<>(producer.acknowledged());
        Set<String> read = new HashSet<>();
        Cases.until(() -> {
            Stream.of(consumers).map(Running::consumed).forEach(read::addAll);
            return read.containsAll(acknowledged);
        });
        read.removeAll(acknowledged);
        Cases.check(read.isEmpty(), "read, but never acknowledged: " + read);
    }

    /** Asks it to end, as Ctrl-C does, and waits until it has. */
    void stop() throws Exception {
        told = true;
        // The process's own destroy would also close what it still writes to.
        process.toHandle().destroy();
        process.waitFor();
        reader.join();
    }

    /** Ends it at once. */
    void kill() throws Exception {
        told = true;
        process.toHandle().destroyForcibly();
        process.waitFor();
        reader.join();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
