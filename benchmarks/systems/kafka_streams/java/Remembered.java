package benchmark;

import java.util.Map;

/** The newest events of one type and day, as {@code Lead.remember} of domain/account.py keeps them. */
final class Remembered {
    private Remembered() {}

    /** Keep an event; whether anything changed. {@code events} maps event id to occurred_at. */
    static boolean keep(Map<String, Long> events, String eventId, long occurredAt) {
        Long known = events.get(eventId);
        if (known != null) {
            if (occurredAt <= known) {
                return false;
            }
        } else if (events.size() >= Scoring.MAX_PER_DAY) {
            Map.Entry<String, Long> oldest = oldest(events);
            if (!isOlder(oldest.getValue(), oldest.getKey(), occurredAt, eventId)) {
                return false;
            }
            events.remove(oldest.getKey());
        }
        events.put(eventId, occurredAt);
        return true;
    }

    private static Map.Entry<String, Long> oldest(Map<String, Long> events) {
        Map.Entry<String, Long> oldest = null;
        for (Map.Entry<String, Long> event : events.entrySet()) {
            if (oldest == null
                    || isOlder(
                            event.getValue(), event.getKey(), oldest.getValue(), oldest.getKey())) {
                oldest = event;
            }
        }
        return oldest;
    }

    private static boolean isOlder(long at, String eventId, long otherAt, String otherId) {
        return at < otherAt || at == otherAt && eventId.compareTo(otherId) < 0;
    }
}
