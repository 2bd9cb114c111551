import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;

/** Answers orders; THE FAULT: keeps a large heap alive, and a full collection comes each second. */
public class GcService {
    static final List<Object[]> kept = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
        for (int k = 0; k < Integer.parseInt(arguments[1]); k++) {
            Object[] node = new Object[12];
            for (int n = 0; n < node.length; n++) {
                node[n] = new long[] {k, n};
            }
            kept.add(node);
        }
        HttpServer server = HttpServer.create(new InetSocketAddress(Integer.parseInt(arguments[0])), 64);
        server.createContext("/", exchange -> {
            byte[] body = ("{\"order\": \"" + exchange.getRequestURI() + "\"}").getBytes();
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        while (true) {
            Thread.sleep(900);
            System.gc();
        }
    }
}
