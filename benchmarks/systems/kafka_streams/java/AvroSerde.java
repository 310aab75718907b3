package benchmark;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/**
 * Avro binary of a specific record behind a fixed header, which may be empty.
 *
 * <p>Buffers are used again and again, so an instance is for one thread: the program has one stream
 * thread.
 */
final class AvroSerde<T extends SpecificRecordBase> implements Serde<T> {
    private static final int CONFLUENT_HEADER = 5;

    private final byte[] header;
    private final SpecificDatumReader<T> reader;
    private final SpecificDatumWriter<T> writer;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    private BinaryDecoder decoder;
    private BinaryEncoder encoder;

    private AvroSerde(Schema schema, byte[] header) {
        this.header = header;
        this.reader = new SpecificDatumReader<>(schema);
        this.writer = new SpecificDatumWriter<>(schema);
    }

    /** Of a row in a state store. */
    static <T extends SpecificRecordBase> AvroSerde<T> plain(Schema schema) {
        return new AvroSerde<>(schema, new byte[0]);
    }

    /** Of a record in Confluent's wire format: a zero byte and the schema's id, then the value. */
    static <T extends SpecificRecordBase> AvroSerde<T> framed(Schema schema, int schemaId) {
        ByteBuffer header = ByteBuffer.allocate(CONFLUENT_HEADER).put((byte) 0).putInt(schemaId);
        return new AvroSerde<>(schema, header.array());
    }

    @Override
    public Serializer<T> serializer() {
        return (topic, value) -> value == null ? null : write(value);
    }

    @Override
    public Deserializer<T> deserializer() {
        return (topic, data) -> data == null ? null : read(data);
    }

    private byte[] write(T value) {
        bytes.reset();
        bytes.write(header, 0, header.length);
        encoder = EncoderFactory.get().binaryEncoder(bytes, encoder);
        try {
            writer.write(value, encoder);
            encoder.flush();
        } catch (IOException error) {
            throw new SerializationException(error);
        }
        return bytes.toByteArray();
    }

    private T read(byte[] data) {
        for (int at = 0; at < header.length; at++) {
            if (at >= data.length || data[at] != header[at]) {
                throw new SerializationException("the record is not framed with the committed schema id");
            }
        }
        decoder =
                DecoderFactory.get()
                        .binaryDecoder(data, header.length, data.length - header.length, decoder);
        try {
            return reader.read(null, decoder);
        } catch (IOException error) {
            throw new SerializationException(error);
        }
    }
}
