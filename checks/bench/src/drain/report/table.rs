//! The report as text.

use std::fmt;

use super::{
    super::{Idle, Steady, Throughput},
    Drain, Report,
};
use crate::figures::{delays::Delays, process_usage::write_usage};

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.known { "known" } else { "unknown" };
        let (users, limit) = (self.users, self.limit);
        let (latency, jitter) = (self.latency_ms, self.jitter_ms);
        writeln!(
            to,
            "{users} {kind} users, {limit} calls in 10 s, {latency} ms a call, up to {jitter} ms more"
        )?;
        if let Some(idle) = &self.idle {
            write_idle(to, idle)?;
        }
        if let Some(drain) = &self.drain {
            write_drain(to, drain, self.allowed_contacts_per_second)?;
        }
        Ok(())
    }
}

fn write_idle(to: &mut fmt::Formatter<'_>, idle: &Idle) -> fmt::Result {
    writeln!(to, "\nsingle changes while nothing else is delivered")?;
    write_delays(to, "sent to accepted", &idle.sent_to_accepted)?;
    write_delays(to, "accepted to the call at HubSpot", &idle.accepted_to_call)?;
    write_delays(to, "accepted to confirmed", &idle.accepted_to_confirmed)
}

fn write_drain(to: &mut fmt::Formatter<'_>, drain: &Drain, allowed: f64) -> fmt::Result {
    writeln!(to, "\ndrain")?;
    row(
        to,
        "backlog filled with",
        format!("{:.0} changes/s", drain.filled_per_second),
    )?;
    write_throughput(to, &drain.throughput)?;
    match &drain.throughput.steady {
        Some(steady) => write_steady(to, steady, allowed)?,
        None => row(to, "from second 10 on", "the drain was too short")?,
    }
    if let Some(single) = &drain.single {
        write_delays(to, "single change meanwhile, accepted to confirmed", single)?;
    }
    write_usage(to, &drain.usage)
}

fn write_throughput(to: &mut fmt::Formatter<'_>, throughput: &Throughput) -> fmt::Result {
    let Throughput {
        seconds,
        contacts,
        calls,
        ..
    } = throughput;
    row(to, "written", format!("{contacts} contacts in {seconds:.1} s"))?;
    let answers: Vec<String> = throughput
        .answers
        .iter()
        .map(|(status, count)| format!("{count} × {status}"))
        .collect();
    row(to, "calls", format!("{calls} ({})", answers.join(", ")))?;
    row(to, "429s", throughput.rejected_429)?;
    row(to, "most calls in any 10 s", throughput.max_calls_in_a_window)
}

fn write_steady(to: &mut fmt::Formatter<'_>, steady: &Steady, allowed: f64) -> fmt::Result {
    let Steady {
        seconds,
        contacts_per_second,
        share_of_limit,
        ..
    } = steady;
    let (percent, out) = (share_of_limit * 100.0, steady.concurrent_calls);
    row(
        to,
        &format!("from second 10, for {seconds} s"),
        format!("{contacts_per_second:.0} contacts/s, {percent:.1} % of {allowed:.0}"),
    )?;
    row(
        to,
        "calls",
        format!(
            "{:.2}/s, {:.0} ms each, {out:.1} out at a time",
            steady.calls_per_second, steady.call_ms
        ),
    )?;
    let (each, full) = (steady.contacts_per_write, steady.full_writes * 100.0);
    row(
        to,
        "contacts per write",
        format!("{each:.1}, {full:.0} % of writes full"),
    )
}

fn write_delays(to: &mut fmt::Formatter<'_>, what: &str, delays: &Delays) -> fmt::Result {
    let Delays {
        count,
        p50_ms,
        p99_ms,
        max_ms,
    } = delays;
    let text = format!("p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, longest {max_ms:.1} ms ({count} changes)");
    row(to, what, text)
}

fn row(to: &mut fmt::Formatter<'_>, what: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(to, "  {what:<46}{value}")
}
