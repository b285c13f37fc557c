package dev.konbini.conformance;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Stops, kills and starts single brokers, at the address that the server was given with --control. */
final class Control {
    private static final int ACCEPTED = 202;
    private final String address;

    Control(String address) {
        this.address = address;
    }

    void order(int broker, String what) throws Exception {
        Cases.equal(ACCEPTED, post(broker, what));
    }

    /** The broker is stopped or killed, and comes back at the end of the block, also when the case fails there. */
    Away away(int broker, String what) throws Exception {
        order(broker, what);
        // One that still stops cannot be started yet.
        return () -> Cases.until(() -> post(broker, "start") == ACCEPTED);
    }

    interface Away extends AutoCloseable {}

    private int post(int broker, String what) throws Exception {
        URI uri = URI.create("http://" + address + "/brokers/" + broker + "/" + what);
        var request = HttpRequest.newBuilder(uri).POST(HttpRequest.BodyPublishers.noBody()).build();
        return HttpClient.newHttpClient().send(request, BodyHandlers.discarding()).statusCode();
    }
}
