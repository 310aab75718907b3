package benchmark;

import buying_groups.LeadActivity;
import buying_groups.Reason;
import buying_groups.ScoreUpdated;
import buying_groups.SubjectType;
import java.time.Instant;
import java.time.LocalDate;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import rows.Group;
import rows.Lead;

/** Makes the reports of score changes from the rows that say what is reported, and sends them on. */
final class Reports {
    private final ProcessorContext<String, ScoreUpdated> context;
    private final ReportIds ids;
    private final LocalDate windowStart;
    private final LocalDate windowEnd;

    Reports(ProcessorContext<String, ScoreUpdated> context, ReportIds ids, LocalDate asOf) {
        this.context = context;
        this.ids = ids;
        windowStart = asOf.minusDays(Scoring.WINDOW_DAYS - 1);
        windowEnd = asOf;
    }

    void person(String lead, Lead row, LeadActivity cause) {
        ScoreUpdated report = report(lead, row.getVersion(), cause);
        report.setSubjectType(SubjectType.person);
        report.setLeadId(cause.getLeadId());
        report.setPrevious(Scoring.twoDecimals(Scoring.personScore(row.getPreviousPoints())));
        report.setCurrent(Scoring.twoDecimals(Scoring.personScore(row.getPoints())));
        report.setRawPrevious(Scoring.personRoot(row.getPreviousPoints()));
        report.setRawCurrent(Scoring.personRoot(row.getPoints()));
        forward(report);
    }

    void group(Membership.Members group, Group row, LeadActivity cause) {
        ScoreUpdated report = report(group.groupId(), row.getVersion(), cause);
        report.setSubjectType(SubjectType.group);
        report.setBuyingGroupId(group.groupId());
        report.setSolutionInterestId(group.interestId());
        report.setPrevious(row.getPreviousScore());
        report.setCurrent(row.getScore());
        report.setRawPrevious(row.getPreviousRaw());
        report.setRawCurrent(row.getRaw());
        forward(report);
    }

    private ScoreUpdated report(String subject, long version, LeadActivity cause) {
        ScoreUpdated report = new ScoreUpdated();
        report.setEventId(ids.scoreUpdated(subject, version));
        report.setVersion(version);
        report.setAccountId(cause.getAccountId());
        report.setOccurredAt(cause.getOccurredAt());
        report.setEmittedAt(Instant.ofEpochMilli(context.currentSystemTimeMs()));
        report.setReason(Reason.activity);
        report.setCauseEventId(cause.getEventId());
        report.setBaselineVersion(Scoring.BASELINE_VERSION);
        report.setModelVersion(Scoring.MODEL_VERSION);
        report.setWindowStart(windowStart);
        report.setWindowEnd(windowEnd);
        return report;
    }

    private void forward(ScoreUpdated report) {
        context.forward(
                new Record<>(report.getAccountId(), report, report.getEmittedAt().toEpochMilli()));
    }
}
