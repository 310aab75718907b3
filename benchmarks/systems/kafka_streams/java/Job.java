package benchmark;

import buying_groups.LeadActivity;
import buying_groups.ScoreUpdated;
import java.time.Duration;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import rows.Group;
import rows.Lead;
import rows.LeadDay;

/** The benchmark's job as a Kafka Streams program; it runs until SIGTERM. */
public final class Job {
    private static final Duration CLOSING = Duration.ofSeconds(15);
    private static final int SESSION_TIMEOUT_MILLIS = 6_000;
    private static final int HEARTBEAT_MILLIS = 2_000;

    private Job() {}

    public static void main(String[] arguments) throws InterruptedException {
        Map<String, String> options = options(arguments);
        KafkaStreams streams = new KafkaStreams(topology(options), settings(options));
        CountDownLatch failed = new CountDownLatch(1);
        streams.setUncaughtExceptionHandler(
                error -> {
                    error.printStackTrace();
                    failed.countDown();
                    return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
                });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(CLOSING)));
        streams.start();
        failed.await();
        System.exit(1);
    }

    private static Topology topology(Map<String, String> options) {
        LocalDate asOf = LocalDate.ofEpochDay(Long.parseLong(options.get("as-of")));
        AvroSerde<LeadActivity> activity =
                AvroSerde.framed(LeadActivity.SCHEMA$, Integer.parseInt(options.get("activity-id")));
        AvroSerde<ScoreUpdated> scores =
                AvroSerde.framed(ScoreUpdated.SCHEMA$, Integer.parseInt(options.get("score-id")));
        return new Topology()
                .addSource(
                        "lead-activity",
                        Serdes.String().deserializer(),
                        activity.deserializer(),
                        options.get("input"))
                .addProcessor("scores", () -> new ScoreProcessor(asOf), "lead-activity")
                .addStateStore(store(ScoreProcessor.LEAD_DAYS, LeadDay.SCHEMA$), "scores")
                .addStateStore(store(ScoreProcessor.LEADS, Lead.SCHEMA$), "scores")
                .addStateStore(store(ScoreProcessor.GROUPS, Group.SCHEMA$), "scores")
                .addSink(
                        "score-updated",
                        options.get("output"),
                        Serdes.String().serializer(),
                        scores.serializer(),
                        "scores");
    }

    /** RocksDB with a changelog, behind Kafka Streams' record cache. */
    private static StoreBuilder<?> store(String name, Schema schema) {
        return Stores.keyValueStoreBuilder(
                        Stores.persistentKeyValueStore(name),
                        Serdes.String(),
                        AvroSerde.<SpecificRecordBase>plain(schema))
                .withCachingEnabled();
    }

    private static Properties settings(Map<String, String> options) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, options.get("group"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.get("bootstrap"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, options.get("state"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, options.get("guarantee"));
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, options.get("commit-interval-ms"));
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, options.get("cache-bytes"));
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        // So that a killed process is missed soon when it is started again.
        settings.put(
                StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG),
                SESSION_TIMEOUT_MILLIS);
        settings.put(
                StreamsConfig.consumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG),
                HEARTBEAT_MILLIS);
        return settings;
    }

    private static Map<String, String> options(String[] arguments) {
        Map<String, String> options = new HashMap<>();
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            options.put(argument.substring(2, equals), argument.substring(equals + 1));
        }
        return options;
    }
}
