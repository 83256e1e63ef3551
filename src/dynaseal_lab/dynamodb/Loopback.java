import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import software.amazon.dynamodb.services.local.main.ServerRunner;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;

/**
 * DynamoDB Local on the loopback interface only, on a free port, for one client, until standard input ends.
 *
 * It has no option to choose an interface and would listen on all of them, and it verifies no signatures. So that no
 * other program of this machine reaches its tables, every request must have a header with the secret which is the first
 * line of standard input. Standard input ends when the program that has started this one ends, however it ends.
 */
public class Loopback {
    private static final class OneClient extends Handler.Wrapper {
        private final byte[] secret;

        OneClient(Handler handler, String secret) {
            super(handler);
            this.secret = secret.getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            String header = request.getHeaders().get("x-dynaseal-lab");
            byte[] claimed = (header == null ? "" : header).getBytes(StandardCharsets.UTF_8);
            if (!MessageDigest.isEqual(claimed, secret)) {
                Response.writeError(request, response, callback, 403);
                return true;
            }
            return super.handle(request, response, callback);
        }
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String secret = input.readLine();
        DynamoDBProxyServer dynamodb = ServerRunner.createServerFromCommandLineArgs(arguments);
        Field field = DynamoDBProxyServer.class.getDeclaredField("server");
        field.setAccessible(true);
        Server server = (Server) field.get(dynamodb);
        server.setHandler(new OneClient(server.getHandler(), secret));
        Connector[] connectors = server.getConnectors();
        for (Connector connector : connectors) {
            ((ServerConnector) connector).setHost("127.0.0.1");
            ((ServerConnector) connector).setPort(0);
        }
        dynamodb.start();
        System.out.println("port " + ((ServerConnector) connectors[0]).getLocalPort());
        while (input.read() != -1) {
            continue;
        }
        dynamodb.stop();
        System.exit(0);
    }
}
