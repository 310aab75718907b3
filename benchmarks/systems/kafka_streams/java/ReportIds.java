package benchmark;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/** Ids that are derived instead of drawn, as in domain/identity.py: UUID v5 in the URL namespace. */
final class ReportIds {
    private static final UUID URL = UUID.fromString("6ba7b811-9dad-11d1-80b4-00c04fd430c8");
    private static final byte[] URL_BYTES =
            ByteBuffer.allocate(16)
                    .putLong(URL.getMostSignificantBits())
                    .putLong(URL.getLeastSignificantBits())
                    .array();

    private final MessageDigest sha1;

    ReportIds() {
        try {
            sha1 = MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException(error);
        }
    }

    String scoreUpdated(String subject, long version) {
        return uuid5("buying-group-report:score-updated/" + subject + "/" + version);
    }

    String group(String interestId, String accountId) {
        return uuid5("buying-group:" + interestId + "/" + accountId);
    }

    private String uuid5(String name) {
        sha1.update(URL_BYTES);
        ByteBuffer digest = ByteBuffer.wrap(sha1.digest(name.getBytes(StandardCharsets.UTF_8)));
        long high = digest.getLong() & ~0xF000L | 0x5000L;
        long low = digest.getLong() & 0x3FFFFFFFFFFFFFFFL | 0x8000000000000000L;
        return new UUID(high, low).toString();
    }
}
