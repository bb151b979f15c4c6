// Calls each server as API Gateway's client would: Apache HttpAsyncClient 4.1 on a JDK, which its texts come from.
//
// Standard input: lines of `name`, `port`, `http` or `https`. Argument: authorities to trust (PEM). Standard output: lines of
// `name`, `strict` or `insecure`, and `ok STATUS` or the exception's class and first message.

import java.io.*;
import java.net.*;
import java.nio.file.*;
import java.security.KeyStore;
import java.security.cert.*;
import java.util.*;
import java.util.concurrent.*;
import javax.net.ssl.*;
import org.apache.http.HttpResponse;
import org.apache.http.client.config.RequestConfig;
import org.apache.http.client.methods.HttpGet;
import org.apache.http.config.RegistryBuilder;
import org.apache.http.impl.nio.client.*;
import org.apache.http.impl.nio.conn.PoolingNHttpClientConnectionManager;
import org.apache.http.impl.nio.reactor.*;
import org.apache.http.nio.conn.*;
import org.apache.http.nio.conn.ssl.SSLIOSessionStrategy;

public class Client {
    static final String HOST = "orders.zoo.test";
    static final int PATIENCE = 3000;

    public static void main(String[] args) throws Exception {
        Collection<? extends Certificate> roots =
            CertificateFactory.getInstance("X.509").generateCertificates(Files.newInputStream(Path.of(args[0])));
        CloseableHttpAsyncClient strict = client(trust(roots));
        CloseableHttpAsyncClient insecure = client(new AnySentRoot(roots));
        ExecutorService workers = Executors.newFixedThreadPool(8);
        List<Future<String>> answers = new ArrayList<>();
        for (String line : new BufferedReader(new InputStreamReader(System.in)).lines().toList()) {
            String[] parts = line.split("\t");
            answers.add(workers.submit(() -> ask(strict, "strict", parts)));
            answers.add(workers.submit(() -> ask(insecure, "insecure", parts)));
        }
        for (Future<String> answer : answers) System.out.println(answer.get());
        System.exit(0);
    }

    static String ask(CloseableHttpAsyncClient client, String mode, String[] parts) throws Exception {
        String answer;
        try {
            HttpGet get = new HttpGet(parts[2] + "://" + HOST + ":" + parts[1] + "/health");
            HttpResponse response = client.execute(get, null).get(3L * PATIENCE, TimeUnit.MILLISECONDS);
            answer = "ok " + response.getStatusLine().getStatusCode();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            answer = cause.getClass().getSimpleName() + ": " + cause.getMessage();
        } catch (TimeoutException e) {
            answer = "TimeoutException: no answer";
        }
        return parts[0] + "\t" + mode + "\t" + answer.replaceAll("[\\p{Cntrl}\\t]+", " ");
    }

    static CloseableHttpAsyncClient client(X509TrustManager trust) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {trust}, null);
        PoolingNHttpClientConnectionManager connections = new PoolingNHttpClientConnectionManager(
            new DefaultConnectingIOReactor(IOReactorConfig.custom().setConnectTimeout(PATIENCE).setSoTimeout(PATIENCE).build()),
            null,
            RegistryBuilder.<SchemeIOSessionStrategy>create()
                .register("http", NoopIOSessionStrategy.INSTANCE)
                .register("https", new SSLIOSessionStrategy(context, SSLIOSessionStrategy.getDefaultHostnameVerifier()))
                .build(),
            host -> new InetAddress[] {InetAddress.getByAddress(host, new byte[] {127, 0, 0, 1})});
        connections.setMaxTotal(64);
        connections.setDefaultMaxPerRoute(64);
        CloseableHttpAsyncClient client = HttpAsyncClients.custom()
            .setConnectionManager(connections)
            .setDefaultRequestConfig(RequestConfig.custom().setSocketTimeout(PATIENCE).setConnectTimeout(PATIENCE)
                .setRedirectsEnabled(false).build())
            .build();
        client.start();
        return client;
    }

    static X509TrustManager trust(Collection<? extends Certificate> roots) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        int n = 0;
        for (Certificate root : roots) store.setCertificateEntry("root" + n++, root);
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        return (X509TrustManager) factory.getTrustManagers()[0];
    }

    // What AWS's documentation says of insecureSkipVerification: the authority may be private, but it must be sent, with
    // CA:TRUE and keyCertSign; the rest is checked as ever.
    static class AnySentRoot extends X509ExtendedTrustManager {
        final Collection<? extends Certificate> roots;

        AnySentRoot(Collection<? extends Certificate> roots) { this.roots = roots; }

        X509ExtendedTrustManager with(X509Certificate[] chain) throws CertificateException {
            try {
                List<Certificate> all = new ArrayList<>(roots);
                for (X509Certificate one : chain) {
                    boolean self = one.getSubjectX500Principal().equals(one.getIssuerX500Principal());
                    boolean[] usage = one.getKeyUsage();
                    if (self && one.getBasicConstraints() >= 0 && usage != null && usage[5]) all.add(one);
                }
                return (X509ExtendedTrustManager) trust(all);
            } catch (Exception e) {
                throw new CertificateException(e);
            }
        }

        public void checkServerTrusted(X509Certificate[] c, String a) throws CertificateException { with(c).checkServerTrusted(c, a); }
        public void checkServerTrusted(X509Certificate[] c, String a, Socket s) throws CertificateException { with(c).checkServerTrusted(c, a, s); }
        public void checkServerTrusted(X509Certificate[] c, String a, SSLEngine e) throws CertificateException { with(c).checkServerTrusted(c, a, e); }
        public void checkClientTrusted(X509Certificate[] c, String a) {}
        public void checkClientTrusted(X509Certificate[] c, String a, Socket s) {}
        public void checkClientTrusted(X509Certificate[] c, String a, SSLEngine e) {}
        public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    }
}
