package benchmark;

import buying_groups.LeadActivity;
import buying_groups.ScoreUpdated;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import rows.Group;
import rows.Lead;
import rows.LeadDay;

/**
 * Keeps the activity of an account's leads and reports the scores that each event changes.
 *
 * <p>At least once, a crash may keep one row of an event and lose another, or lose a report. The event
 * then comes again. So nothing is added up: a lead's row holds the points that each day's row tells, and
 * a group's row the scores of its members. An event that is known already has all of it told again.
 */
final class ScoreProcessor implements Processor<String, LeadActivity, String, ScoreUpdated> {
    static final String LEAD_DAYS = "lead-days";
    static final String LEADS = "leads";
    static final String GROUPS = "groups";

    private final LocalDate asOf;
    private final ReportIds ids = new ReportIds();
    private final Map<String, Map<String, List<Membership.Members>>> memberships = new HashMap<>();

    private Reports reports;
    private KeyValueStore<String, LeadDay> leadDays;
    private KeyValueStore<String, Lead> leads;
    private KeyValueStore<String, Group> groups;

    ScoreProcessor(LocalDate asOf) {
        this.asOf = asOf;
    }

    @Override
    public void init(ProcessorContext<String, ScoreUpdated> context) {
        reports = new Reports(context, ids, asOf);
        leadDays = context.getStateStore(LEAD_DAYS);
        leads = context.getStateStore(LEADS);
        groups = context.getStateStore(GROUPS);
    }

    @Override
    public void process(Record<String, LeadActivity> record) {
        LeadActivity event = record.value();
        long at = event.getOccurredAt().toEpochMilli();
        long day = Math.floorDiv(at, Scoring.MILLIS_PER_DAY);
        // A lead id is only unique within its account.
        String lead = event.getAccountId() + "/" + event.getLeadId();
        String key = lead + "/" + day;
        LeadDay row = leadDays.get(key);
        if (row == null) {
            row = new LeadDay(new HashMap<>());
        }
        String type = event.getActivityType().toLowerCase(Locale.ROOT);
        Map<String, Long> events = row.getTypes().computeIfAbsent(type, absent -> new HashMap<>());
        int before = events.size();
        boolean known = events.containsKey(event.getEventId());
        if (Remembered.keep(events, event.getEventId(), at)) {
            leadDays.put(key, row);
        }
        if (Scoring.weightOf(type) > 0 && (known || events.size() != before)) {
            int place = Math.toIntExact(day - asOf.toEpochDay()) + Scoring.WINDOW_DAYS - 1;
            updateLead(lead, place, Scoring.pointsOf(row.getTypes()), event, known);
        }
    }

    private void updateLead(
            String lead, int place, int pointsOfDay, LeadActivity cause, boolean again) {
        Lead row = leads.get(lead);
        if (row == null) {
            List<Integer> days = new ArrayList<>(Collections.nCopies(Scoring.WINDOW_DAYS, 0));
            row = Lead.newBuilder().setDays(days).build();
        }
        int before = row.getPoints();
        row.setPoints(before - row.getDays().get(place) + pointsOfDay);
        row.getDays().set(place, pointsOfDay);
        double scoreBefore = Scoring.personScore(before);
        double score = Scoring.personScore(row.getPoints());
        if (Scoring.twoDecimals(score) != Scoring.twoDecimals(scoreBefore)) {
            row.setPreviousPoints(before);
            row.setVersion(row.getVersion() + 1);
            reports.person(lead, row, cause);
        } else if (again && row.getVersion() > 0) {
            reports.person(lead, row, cause);
        }
        if (row.getPoints() != before) {
            leads.put(lead, row);
        }
        if (again || score != scoreBefore) {
            groupsOf(cause).forEach(group -> updateGroup(group, score, cause, again));
        }
    }

    private void updateGroup(
            Membership.Members group, double score, LeadActivity cause, boolean again) {
        Group row = groups.get(group.groupId());
        if (row == null) {
            row = Group.newBuilder().setScores(new HashMap<>()).build();
        }
        row.getScores().put(cause.getLeadId(), score);
        double root = Scoring.groupRoot(weighted(group.members(), row.getScores()));
        double current = Scoring.twoDecimals(Scoring.groupScore(root));
        if (current != row.getScore()) {
            row.setPreviousScore(row.getScore());
            row.setPreviousRaw(row.getRaw());
            row.setScore(current);
            row.setRaw(root);
            row.setVersion(row.getVersion() + 1);
            reports.group(group, row, cause);
        } else if (again && row.getVersion() > 0) {
            reports.group(group, row, cause);
        }
        groups.put(group.groupId(), row);
    }

    private static double[] weighted(List<Membership.Member> members, Map<String, Double> scores) {
        double[] weighted = new double[members.size()];
        for (int at = 0; at < weighted.length; at++) {
            Membership.Member member = members.get(at);
            weighted[at] = member.share() * scores.getOrDefault(member.leadId(), 0.0);
        }
        return weighted;
    }

    private List<Membership.Members> groupsOf(LeadActivity event) {
        return memberships
                .computeIfAbsent(event.getAccountId(), accountId -> Membership.of(accountId, ids))
                .getOrDefault(event.getLeadId(), List.of());
    }
}
