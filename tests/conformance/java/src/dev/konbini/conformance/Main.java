package dev.konbini.conformance;

import java.nio.file.Path;

/** Usage: Main HOST:PORT DIRECTORY; what a broker N writes is in broker-N there. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        Kafka kafka = new Kafka(arguments[0]);
        Clients.run(kafka);
        Groups.run(kafka);
        Transactions.run(kafka);
        AdminCases.run(kafka);
        Tools.run(kafka);
        GroupTools.run(kafka);
        Segments.run(kafka, Path.of(arguments[1]));
        Failover.run(kafka, System.getenv("KONBINI_CONTROL"));
        // Consumers of cases that failed are still there.
        System.exit(0);
    }
}
