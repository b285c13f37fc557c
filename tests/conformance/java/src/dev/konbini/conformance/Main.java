package dev.konbini.conformance;

import java.nio.file.Path;

/** Usage: Main HOST:PORT DIRECTORY; what a broker N writes is in broker-N there. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        Kafka kafka = new Kafka(arguments[0]);
        Control control = new Control(System.getenv("KONBINI_CONTROL"));
        Clients.run(kafka);
        Groups.run(kafka);
        Transactions.run(kafka);
        AdminCases.run(kafka);
        Tools.run(kafka);
        GroupTools.run(kafka);
        CompactionTools.run(kafka);
        RebalanceTools.run(kafka);
        Segments.run(kafka, Path.of(arguments[1]));
        Failover.run(kafka, control);
        FailoverTools.run(kafka, control);
        // Consumers of cases that failed are still there, in processes of their own too.
        ProcessHandle.current().children().forEach(ProcessHandle::destroyForcibly);
        System.exit(0);
    }
}
