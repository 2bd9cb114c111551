import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * Answers GET /order/N with the order N as JSON: java OrderService PORT [quadratic|lock|gc].
 *
 * <p>A worker looks the order up, joins lines of one item, prices it, books it, serialises it and
 * logs it. The scenario switches one fault on.
 */
public final class OrderService {
    private static final int ITEMS = 500;
    private static final int LINES = 400;
    private static final int MANY_LINES = 4000;

    private final String scenario;
    private final Map<String, Item> catalogue = new HashMap<>();
    private final LongAdder booked = new LongAdder();
    private final Object ledger = new Object();
    private long ledgerCents;
    private final ThreadLocal<StringBuilder> logs = ThreadLocal.withInitial(StringBuilder::new);

    private record Item(String sku, String name, long cents, int taxPercent) {}

    private static final class Line {
        final Item item;
        int quantity;
        long cents;

        Line(Item item, int quantity) {
            this.item = item;
            this.quantity = quantity;
        }
    }

    private OrderService(String scenario) {
        this.scenario = scenario;
        for (int i = 0; i < ITEMS; i++) {
            String sku = String.format(Locale.ROOT, "SKU-%05d", i);
            catalogue.put(sku, new Item(sku, "Article \"" + i + "\"", 99 + 37L * i, i % 3 * 7));
        }
    }

    private byte[] answer(int number) {
        List<Line> lines = lookUp(number);
        lines = scenario.equals("quadratic") ? joinEachWithEach(lines) : join(lines);
        long cents = price(lines);
        book(cents);
        String json =
                scenario.equals("gc")
                        ? serialiseByConcatenation(number, lines, cents)
                        : serialise(number, lines, cents);
        log(number, json);
        return json.getBytes(StandardCharsets.UTF_8);
    }

    private List<Line> lookUp(int number) {
        int count = scenario.equals("quadratic") ? MANY_LINES : LINES;
        List<Line> lines = new ArrayList<>(count);
        int seed = number * 31 + 17;
        for (int i = 0; i < count; i++) {
            seed = seed * 1103515245 + 12345;
            Item item = catalogue.get(sku((seed >>> 8) % ITEMS));
            lines.add(new Line(item, 1 + (seed >>> 20) % 5));
        }
        return lines;
    }

    private static String sku(int place) {
        char[] text = {'S', 'K', 'U', '-', '0', '0', '0', '0', '0'};
        for (int at = 8; place > 0; at--, place /= 10) {
            text[at] = (char) ('0' + place % 10);
        }
        return new String(text);
    }

    private static List<Line> join(List<Line> lines) {
        Map<String, Line> bySku = new HashMap<>();
        for (Line line : lines) {
            Line first = bySku.putIfAbsent(line.item.sku(), line);
            if (first != null) {
                first.quantity += line.quantity;
            }
        }
        return new ArrayList<>(bySku.values());
    }

    /** THE FAULT of "quadratic": every line is compared with all before it. */
    private static List<Line> joinEachWithEach(List<Line> lines) {
        Line[] every = lines.toArray(new Line[0]);
        boolean[] joined = new boolean[every.length];
        for (int i = 0; i < every.length; i++) {
            for (int j = 0; j < i; j++) {
                if (!joined[j] && every[j].item == every[i].item) {
                    every[i].quantity += every[j].quantity;
                    joined[j] = true;
                }
            }
        }
        List<Line> kept = new ArrayList<>();
        for (int i = 0; i < every.length; i++) {
            if (!joined[i]) {
                kept.add(every[i]);
            }
        }
        return kept;
    }

    private static long price(List<Line> lines) {
        long total = 0;
        for (Line line : lines) {
            long net = line.item.cents() * line.quantity;
            line.cents = net - discount(net, line.quantity) + tax(net, line.item.taxPercent());
            total += line.cents;
        }
        return total;
    }

    private static long discount(long net, int quantity) {
        long best = 0;
        for (int step = 1; step <= 12; step++) {
            long offered = quantity >= step ? net * step / (100 + step) : 0;
            best = Math.max(best, offered);
        }
        return best;
    }

    private static long tax(long net, int percent) {
        return Math.floorDiv(net * percent + 50, 100);
    }

    private void book(long cents) {
        if (!scenario.equals("lock")) {
            booked.add(cents);
            return;
        }
        bookInLedger(cents);
    }

    /** THE FAULT of "lock": all workers wait for one lock that is held as long as a disk writes. */
    private void bookInLedger(long cents) {
        synchronized (ledger) {
            ledgerCents += cents;
            flush();
        }
    }

    private static void flush() {
        try {
            Thread.sleep(3);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static String serialise(int number, List<Line> lines, long cents) {
        StringBuilder json = new StringBuilder("{\"order\":").append(number).append(",\"lines\":[");
        for (Line line : lines) {
            if (json.charAt(json.length() - 1) == '}') {
                json.append(',');
            }
            json.append("{\"sku\":");
            quote(line.item.sku(), json);
            json.append(",\"name\":");
            quote(line.item.name(), json);
            json.append(",\"quantity\":").append(line.quantity);
            json.append(",\"cents\":").append(line.cents).append('}');
        }
        return json.append("],\"cents\":").append(cents).append('}').toString();
    }

    private static void quote(String text, StringBuilder json) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\');
            }
            json.append(c);
        }
        json.append('"');
    }

    /** THE FAULT of "gc": the whole text is copied for every line. */
    private static String serialiseByConcatenation(int number, List<Line> lines, long cents) {
        String json = "{\"order\":" + number + ",\"lines\":[";
        String comma = "";
        for (Line line : lines) {
            json += comma + "{\"sku\":\"" + line.item.sku() + "\",\"quantity\":" + line.quantity;
            json += ",\"cents\":" + line.cents + "}";
            comma = ",";
        }
        return json + "],\"cents\":" + cents + "}";
    }

    private void log(int number, String json) {
        int checksum = checksum(json);
        StringBuilder log = logs.get();
        if (log.length() > 100_000) {
            log.setLength(0);
        }
        log.append("order=").append(number).append(" bytes=").append(json.length());
        log.append(" checksum=").append(Integer.toHexString(checksum)).append('\n');
    }

    private static int checksum(String text) {
        int a = 1;
        int b = 0;
        for (int i = 0; i < text.length(); i += 8) {
            a = (a + text.charAt(i)) % 65521;
            b = (b + a) % 65521;
        }
        return b << 16 | a;
    }

    private void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        byte[] body = answer(Integer.parseInt(path.substring(path.lastIndexOf('/') + 1)));
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    public static void main(String[] arguments) throws IOException {
        OrderService service = new OrderService(arguments.length > 1 ? arguments[1] : "healthy");
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0]));
        HttpServer server = HttpServer.create(address, 0);
        server.createContext("/order/", service::handle);
        AtomicInteger workers = new AtomicInteger();
        server.setExecutor(
                Executors.newFixedThreadPool(
                        8, task -> new Thread(task, "worker-" + workers.incrementAndGet())));
        server.start();
    }
}
