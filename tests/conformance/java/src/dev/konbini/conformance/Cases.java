package dev.konbini.conformance;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs cases and prints a line for each: {@code ok NAME} or {@code not ok NAME: why}. */
final class Cases {
    private static final int CASE_S = 120;

    interface Case {
        void run() throws Exception;
    }

    private Cases() {}

    static void run(String name, Case body) {
        // For trying out some of them: a part of their names.
        if (!name.contains(System.getenv().getOrDefault("ONLY", ""))) {
            return;
        }
        FutureTask<Void> task = new FutureTask<>(() -> {
            body.run();
            return null;
        });
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
        System.out.println(result(name, task));
        System.out.flush();
    }

    private static String result(String name, FutureTask<Void> task) {
        try {
            task.get(CASE_S, TimeUnit.SECONDS);
            return "ok " + name;
        } catch (ExecutionException failure) {
            failure.getCause().printStackTrace();
            return "not ok " + name + ": " + oneLine(failure.getCause());
        } catch (TimeoutException late) {
            return "not ok " + name + ": it was not over within " + CASE_S + " s";
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    private static String oneLine(Throwable failure) {
        return failure.toString().replaceAll("\\s*\\R\\s*", " | ");
    }

    static void check(boolean holds, Object found) {
        if (!holds) {
            throw new AssertionError(String.valueOf(found));
        }
    }

    static void equal(Object expected, Object found) {
        if (!expected.equals(found)) {
            throw new AssertionError("expected " + expected + ", found " + found);
        }
    }

    /** The text holds all of these. */
    static void holds(String text, String... parts) {
        for (String part : parts) {
            check(text.contains(part), "no \"" + part + "\" in: " + text);
        }
    }

    /** That a call fails, and with this exception at its root. */
    static void fails(Class<? extends Throwable> expected, Case body) throws Exception {
        try {
            body.run();
        } catch (Throwable failure) {
            Throwable root = failure;
            while (!expected.isInstance(root) && root.getCause() != null) {
                root = root.getCause();
            }
            check(expected.isInstance(root), "expected " + expected.getSimpleName() + ", found " + failure);
            return;
        }
        throw new AssertionError("expected " + expected.getSimpleName() + ", but it worked");
    }

    interface Question {
        boolean holds() throws Exception;
    }

    /** Asks until it holds; the case's own limit ends it. */
    static void until(Question question) throws Exception {
        while (!question.holds()) {
            Thread.sleep(100);
        }
    }
}
