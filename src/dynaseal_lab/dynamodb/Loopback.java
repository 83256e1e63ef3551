import java.lang.reflect.Field;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;

/**
 * DynamoDB Local on the loopback interface only, on a free port, until standard input ends.
 *
 * It has no option to choose an interface and would listen on all of them. Standard input ends when the program that
 * has started this one ends, however it ends.
 */
public class Loopback {
    public static void main(String[] arguments) throws Exception {
        DynamoDBProxyServer dynamodb = ServerRunner.createServerFromCommandLineArgs(arguments);
        Field field = DynamoDBProxyServer.class.getDeclaredField("server");
        field.setAccessible(true);
        Connector[] connectors = ((Server) field.get(dynamodb)).getConnectors();
        for (Connector connector : connectors) {
            ((ServerConnector) connector).setHost("127.0.0.1");
            ((ServerConnector) connector).setPort(0);
        }
        dynamodb.start();
        System.out.println("port " + ((ServerConnector) connectors[0]).getLocalPort());
        while (System.in.read() != -1) {
            continue;
        }
        dynamodb.stop();
        System.exit(0);
    }
}
