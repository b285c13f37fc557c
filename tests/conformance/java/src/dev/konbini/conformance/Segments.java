package dev.konbini.conformance;
import java.nio.file.Path;
final class Segments { static void run(Kafka kafka, Path data) {} }
