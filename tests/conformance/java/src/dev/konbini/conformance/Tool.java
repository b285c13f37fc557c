package dev.konbini.conformance;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A command-line tool of Apache Kafka in a process of its own, as its script in bin/ starts it. */
final class Tool {
    private final String main;
    private final List<String> before;

    /** @param before arguments that every call has, such as the address */
    Tool(String main, String... before) {
        this.main = main;
        this.before = List.of(before);
    }

    /** What it prints. Fails when the tool does. */
    String run(String... arguments) throws Exception {
        return with("", arguments);
    }

    /** The same, with lines on its standard input. */
    String with(String input, String... arguments) throws Exception {
        Process process = start(arguments);
        String text = finish(process, input);
        Cases.check(process.exitValue() == 0, "exit code " + process.exitValue() + ": " + text);
        return text;
    }

    /** What it prints when it has to fail. */
    String fail(String... arguments) throws Exception {
        return failWith("", arguments);
    }

    /** The same, with lines on its standard input. */
    String failWith(String input, String... arguments) throws Exception {
        Process process = start(arguments);
        String text = finish(process, input);
        Cases.check(process.exitValue() != 0, "it should have failed: " + text);
        return text;
    }

    Process start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
            ProcessHandle.current().info().command().orElse("java"),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            main));
        command.addAll(before);
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static String finish(Process process, String input) throws Exception {
        try {
            try (var to = process.getOutputStream()) {
                to.write(input.getBytes(StandardCharsets.UTF_8));
            }
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            return text.lines().filter(line -> !line.startsWith("SLF4J")).collect(Collectors.joining("\n"));
        } finally {
            process.destroyForcibly();
        }
    }

    /** A file that is gone when the program ends. */
    static String file(String text) throws IOException {
        Path path = Files.createTempFile("konbini", ".json");
        path.toFile().deleteOnExit();
        Files.writeString(path, text);
        return path.toString();
    }
}
