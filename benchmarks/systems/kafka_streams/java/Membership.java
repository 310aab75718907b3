package benchmark;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Who is in which group of an account, as benchmarks/job.py says: a function of two numbers. */
final class Membership {
    private static final int LEADS = 5;
    private static final int[] WEIGHTINGS = {100, 80, 60};

    /** A member, and the share of the member's role in the group's score. */
    record Member(String leadId, double share) {}

    record Members(String groupId, String interestId, List<Member> members) {}

    private Membership() {}

    /** The groups of each lead of an account, by lead id. */
    static Map<String, List<Members>> of(String accountId, ReportIds ids) {
        long account = Long.parseLong(accountId.substring("acct-".length()));
        Map<Integer, Integer> first = new TreeMap<>();
        Map<Integer, Integer> second = new TreeMap<>();
        for (int lead = 0; lead < LEADS; lead++) {
            first.put(lead, WEIGHTINGS[lead % WEIGHTINGS.length]);
            if ((account + lead) % 2 == 0) {
                second.put(lead, WEIGHTINGS[(lead + 1) % WEIGHTINGS.length]);
            }
        }
        Map<String, List<Members>> groups = new HashMap<>();
        add(groups, group(accountId, "si-1", first, ids));
        add(groups, group(accountId, "si-2", second, ids));
        return groups;
    }

    private static void add(Map<String, List<Members>> groups, Members group) {
        for (Member member : group.members()) {
            groups.computeIfAbsent(member.leadId(), absent -> new ArrayList<>()).add(group);
        }
    }

    private static Members group(
            String accountId, String interestId, Map<Integer, Integer> weightings, ReportIds ids) {
        double held = weightings.values().stream().distinct().mapToInt(Integer::intValue).sum();
        List<Member> members = new ArrayList<>();
        weightings.forEach((lead, weight) -> members.add(new Member("lead-" + lead, weight / held)));
        return new Members(ids.group(interestId, accountId), interestId, members);
    }
}
