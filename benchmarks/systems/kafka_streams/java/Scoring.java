package benchmark;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;

/** The rules of domain/engagement.py that the benchmark's job needs, with the default model. */
final class Scoring {
    static final int MAX_PER_DAY = 20;
    static final int WINDOW_DAYS = 30;
    static final long MILLIS_PER_DAY = 86_400_000L;
    static final long BASELINE_VERSION = 1;
    static final long MODEL_VERSION = 1;

    private static final double TOP_SCORE = 100.0;
    private static final int GREATEST_WEIGHT = 60;
    private static final double PERSON_ROOT = Math.sqrt(MAX_PER_DAY);
    private static final double GROUP_ROOT = 10.0;
    private static final double NEAR_TIE = 1e-6;
    private static final Map<String, Integer> WEIGHTS =
            Map.of(
                    "event.attended", 60,
                    "event.registered", 60,
                    "leadoperation.interestingmoment", 60,
                    "web.formfilledout", 40,
                    "web.webinteraction.linkclicks", 40,
                    "web.webpagedetails.pageviews", 40,
                    "directmarketing.emailclicked", 30,
                    "directmarketing.emailopened", 30);

    private Scoring() {}

    static int weightOf(String typeKey) {
        return WEIGHTS.getOrDefault(typeKey, 0);
    }

    /** The points of a day, given what is remembered of it by type. */
    static int pointsOf(Map<String, Map<String, Long>> types) {
        int points = 0;
        for (Map.Entry<String, Map<String, Long>> type : types.entrySet()) {
            points += type.getValue().size() * weightOf(type.getKey());
        }
        return points;
    }

    static double personRoot(int points) {
        return Math.sqrt((double) points / GREATEST_WEIGHT);
    }

    static double personScore(int points) {
        return points == 0 ? 0.0 : Math.min(TOP_SCORE, TOP_SCORE * personRoot(points) / PERSON_ROOT);
    }

    /** The root of the exact sum of share x score over the members. */
    static double groupRoot(double[] weighted) {
        return Math.sqrt(exactSum(weighted));
    }

    static double groupScore(double root) {
        return Math.min(TOP_SCORE, TOP_SCORE * root / GROUP_ROOT);
    }

    /** What Python's {@code round(score, 2)} gives: half-even of the double's exact value. */
    static double twoDecimals(double score) {
        double hundredths = score * 100.0;
        double whole = Math.rint(hundredths);
        if (Math.abs(Math.abs(hundredths - whole) - 0.5) > NEAR_TIE) {
            return whole / 100.0;
        }
        return new BigDecimal(score).setScale(2, RoundingMode.HALF_EVEN).doubleValue();
    }

    /** What Python's {@code math.fsum} gives, by the same algorithm: the sum, rounded once. */
    static double exactSum(double[] values) {
        double[] parts = new double[values.length];
        int count = 0;
        for (double value : values) {
            double carried = value;
            int kept = 0;
            for (int at = 0; at < count; at++) {
                double part = parts[at];
                boolean greater = Math.abs(carried) >= Math.abs(part);
                double high = carried + part;
                double low = greater ? part - (high - carried) : carried - (high - part);
                if (low != 0.0) {
                    parts[kept++] = low;
                }
                carried = high;
            }
            parts[kept] = carried;
            count = kept + 1;
        }
        return count == 0 ? 0.0 : roundedOnce(parts, count);
    }

    private static double roundedOnce(double[] parts, int count) {
        int left = count - 1;
        double high = parts[left];
        double low = 0.0;
        while (left > 0 && low == 0.0) {
            double before = high;
            double part = parts[--left];
            high = before + part;
            low = part - (high - before);
        }
        if (left > 0 && low != 0.0 && low < 0.0 == parts[left - 1] < 0.0) {
            double twice = low * 2.0;
            double next = high + twice;
            if (twice == next - high) {
                high = next;
            }
        }
        return high;
    }
}
