//! The permits of one limit: which are granted, and which still count.

use std::{collections::VecDeque, time::Duration};

use serde_json::{Value as Json, json};

use super::{PermitReply, PermitRequest, RetryRequest};
use crate::plan::RateLimit;

/// The number of periods in `per` by which the end of a permit is rounded up: a ledger stays small.
const PARTS: u64 = 128;
/// The most runs whose retry budgets are kept.
const MOST_RUNS: usize = 64;
/// How many pages give a retry back.
const PAGES_A_RETRY: u64 = 10;
/// The version of the JSON.
const VERSION: u64 = 1;

/// The permits of one limit: those that are granted, and those that still count. A pure function of its requests and of
/// the time, so that a [`PermitService`](super::PermitService) only stores it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermitLedger {
    /// The time of the last exchange, in microseconds. It never goes back.
    now: u64,
    closed_until: u64,
    last_grant: u64,
    granted: Vec<Granted>,
    /// For each limit, until when used permits count, in order.
    used: Vec<VecDeque<(u64, u64)>>,
    /// The turns of the processes that wait, in order.
    turns: Vec<Turn>,
    runs: Vec<Run>,
}

/// When a process that waits asks again, for permits that others leave to it until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    process: u64,
    at: u64,
    permits: u64,
}

/// Permits of a grant whose requests were not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Granted {
    grant: u64,
    permits: u64,
    /// When a request with one of them has arrived, whatever became of its process.
    arrived: u64,
}

/// The retries of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    name: String,
    /// In tenths of a retry.
    used: u64,
}

impl PermitLedger {
    /// Takes back permits and grants others. `now` is the time of the service's clock.
    pub fn exchange(&mut self, now: Duration, request: &PermitRequest) -> PermitReply {
        self.now = self.now.max(micros(now));
        self.used.resize_with(request.limits.len(), VecDeque::new);
        self.expire(&request.limits);
        self.take_back(request);
        self.closed_until = self
            .closed_until
            .max(self.now.saturating_add(micros(request.pause)));
        let mut reply = PermitReply {
            pause: Duration::from_micros(self.closed_until.saturating_sub(self.now)),
            retries: request
                .retries
                .as_ref()
                .map_or(0, |retries| self.retries(retries)),
            ..PermitReply::default()
        };
        if request.wanted == 0 {
            return reply;
        }
        reply.wait = reply.pause;
        if !reply.pause.is_zero() {
            return reply;
        }
        let (turn, before) = self.take_turn(request);
        let room = self.room(&request.limits).saturating_sub(before);
        let permits = room.min(u64::from(request.wanted));
        if permits == 0 || permits < u64::from(request.least) {
            reply.wait = self.next_turn(request, turn, u64::from(request.wanted));
            return reply;
        }
        self.last_grant += 1;
        reply.grant = self.last_grant;
        reply.permits = u32::try_from(permits).unwrap_or(u32::MAX);
        if !request.limits.is_empty() {
            let lost = request.valid.saturating_add(request.lost_after);
            self.granted.push(Granted {
                grant: reply.grant,
                permits,
                arrived: self.now.saturating_add(micros(lost)),
            });
        }
        let further = u64::from(request.wanted) - permits;
        if further > 0 {
            reply.wait = self.next_turn(request, self.turns.len(), further);
        }
        reply
    }

    /// Ends the turn of the process. Returns its place, the last one if it had none, and the permits of the turns before.
    fn take_turn(&mut self, request: &PermitRequest) -> (usize, u64) {
        let late = shortest(&request.limits) / 4;
        let now = self.now;
        // A process that does not come is lost, or needs nothing any more.
        self.turns.retain(|turn| turn.at.saturating_add(late) > now);
        let own = self
            .turns
            .iter()
            .position(|turn| turn.process == request.process);
        let place = own.unwrap_or(self.turns.len());
        let before = self.turns.iter().take(place);
        let before = before.map(|turn| turn.permits).sum();
        if let Some(own) = own {
            self.turns.remove(own);
        }
        (place, before)
    }

    /// Gives the process a turn in this place, in which some of these permits are free together. Returns how long
    /// it waits for it.
    fn next_turn(&mut self, request: &PermitRequest, place: usize, wanted: u64) -> Duration {
        let smallest = request
            .limits
            .iter()
            .map(|limit| limit.requests.max(1))
            .min();
        // Permits that wait for others to be free are not used: few at a time.
        let together = u64::from(smallest.unwrap_or(1)) / 16;
        let permits = wanted.min(together).max(u64::from(request.least)).max(1);
        let before = self.turns.iter().take(place);
        let before: u64 = before.map(|turn| turn.permits).sum();
        let wait = self.wait(&request.limits, before + permits);
        let turn = Turn {
            process: request.process,
            at: self.now.saturating_add(micros(wait)),
            permits,
        };
        self.turns.insert(place.min(self.turns.len()), turn);
        wait
    }

    /// Permits of lost processes become used ones, and used ones end.
    fn expire(&mut self, limits: &[RateLimit]) {
        let now = self.now;
        let expired = |one: &Granted| one.arrived <= now;
        let lost: Vec<Granted> = self.granted.iter().copied().filter(expired).collect();
        self.granted.retain(|one| !expired(one));
        for one in lost {
            self.count(limits, one.arrived, one.permits);
        }
        for used in &mut self.used {
            used.retain(|(until, _)| *until > now);
        }
    }

    /// Takes back what the process has used, and what it does not need.
    fn take_back(&mut self, request: &PermitRequest) {
        for used in &request.used {
            let answered = self.now.saturating_sub(micros(used.ago));
            let permits = self.remove(used.grant, used.permits);
            self.count(&request.limits, answered, permits);
        }
        for (grant, permits) in &request.unused {
            self.remove(*grant, *permits);
        }
        self.granted.retain(|one| one.permits > 0);
    }

    /// Removes permits of a grant. Returns how many it had: none if it has expired.
    fn remove(&mut self, grant: u64, permits: u32) -> u64 {
        let mut granted = self.granted.iter_mut();
        let Some(one) = granted.find(|one| one.grant == grant) else {
            return 0;
        };
        let permits = one.permits.min(u64::from(permits));
        one.permits -= permits;
        permits
    }

    /// Counts used permits from this time on, for one `per` of each limit.
    fn count(&mut self, limits: &[RateLimit], answered: u64, permits: u64) {
        if permits == 0 {
            return;
        }
        for (limit, used) in limits.iter().zip(&mut self.used) {
            let per = micros(limit.per);
            let part = (per / PARTS).max(1);
            let until = answered.saturating_add(per).div_ceil(part) * part;
            let at = used.partition_point(|(other, _)| *other < until);
            match used.get_mut(at) {
                Some((other, count)) if *other == until => *count += permits,
                _ => used.insert(at, (until, permits)),
            }
        }
    }

    /// The permits that can be granted now.
    fn room(&self, limits: &[RateLimit]) -> u64 {
        let granted: u64 = self.granted.iter().map(|one| one.permits).sum();
        let each = limits.iter().zip(&self.used).map(|(limit, used)| {
            let used: u64 = used.iter().map(|(_, permits)| permits).sum();
            u64::from(limit.requests.max(1)).saturating_sub(used + granted)
        });
        each.min().unwrap_or(u64::MAX)
    }

    /// How long it takes until so many permits may be free.
    fn wait(&self, limits: &[RateLimit], wanted: u64) -> Duration {
        let granted: u64 = self.granted.iter().map(|one| one.permits).sum();
        let each = limits.iter().zip(&self.used).map(|(limit, used)| {
            let (most, per) = (u64::from(limit.requests.max(1)), micros(limit.per));
            let periods = wanted.saturating_sub(1) / most;
            let room = most - (wanted - periods * most);
            let mut counted = granted + used.iter().map(|(_, permits)| permits).sum::<u64>();
            let mut until = self.now;
            for (end, permits) in used {
                if counted <= room {
                    break;
                }
                counted -= permits;
                until = *end;
            }
            if counted > room {
                // Their requests are answered about now, and end one period later.
                until = self.now.saturating_add(per);
            }
            until.saturating_add(periods.saturating_mul(per))
        });
        let until = each.max().unwrap_or(self.now);
        Duration::from_micros(until.saturating_sub(self.now).max(1_000))
    }

    /// Grants retries of a run's budget.
    fn retries(&mut self, request: &RetryRequest) -> u32 {
        let at = self.runs.iter().position(|run| run.name == request.run);
        let mut run = match at {
            Some(at) => self.runs.remove(at),
            None => Run {
                name: request.run.clone(),
                used: 0,
            },
        };
        run.used = run.used.saturating_sub(u64::from(request.pages));
        let most = request.budget.saturating_mul(PAGES_A_RETRY);
        let left = most.saturating_sub(run.used) / PAGES_A_RETRY;
        let granted = left.min(u64::from(request.wanted));
        run.used = run.used.saturating_add(granted * PAGES_A_RETRY);
        // The run that was used last is the last.
        self.runs.push(run);
        if self.runs.len() > MOST_RUNS {
            self.runs.remove(0);
        }
        u32::try_from(granted).unwrap_or(u32::MAX)
    }

    /// The ledger as JSON text.
    pub fn to_json(&self) -> String {
        let granted = self.granted.iter();
        let granted: Vec<_> = granted
            .map(|one| json!([one.grant, one.permits, one.arrived]))
            .collect();
        let turns = self.turns.iter();
        let turns: Vec<_> = turns
            .map(|turn| json!([turn.process, turn.at, turn.permits]))
            .collect();
        let runs = self.runs.iter();
        let runs: Vec<_> = runs.map(|run| json!([run.name, run.used])).collect();
        json!({
            "version": VERSION,
            "now": self.now,
            "closed_until": self.closed_until,
            "last_grant": self.last_grant,
            "granted": granted,
            "used": self.used,
            "turns": turns,
            "runs": runs,
        })
        .to_string()
    }

    /// The ledger of this JSON text; `None` if it is not one of this version.
    pub fn from_json(text: &str) -> Option<Self> {
        let json: Json = serde_json::from_str(text).ok()?;
        if json["version"].as_u64()? != VERSION {
            return None;
        }
        let numbers =
            |row: &Json| -> Option<Vec<u64>> { row.as_array()?.iter().map(Json::as_u64).collect() };
        let granted = |row: &Json| match numbers(row)?[..] {
            [grant, permits, arrived] => Some(Granted {
                grant,
                permits,
                arrived,
            }),
            _ => None,
        };
        let turn = |row: &Json| match numbers(row)?[..] {
            [process, at, permits] => Some(Turn {
                process,
                at,
                permits,
            }),
            _ => None,
        };
        let pair = |row: &Json| match numbers(row)?[..] {
            [until, permits] => Some((until, permits)),
            _ => None,
        };
        let used = |limit: &Json| limit.as_array()?.iter().map(pair).collect();
        let run = |row: &Json| {
            Some(Run {
                name: row.get(0)?.as_str()?.to_owned(),
                used: row.get(1)?.as_u64()?,
            })
        };
        Some(Self {
            now: json["now"].as_u64()?,
            closed_until: json["closed_until"].as_u64()?,
            last_grant: json["last_grant"].as_u64()?,
            granted: json["granted"]
                .as_array()?
                .iter()
                .map(granted)
                .collect::<Option<_>>()?,
            used: json["used"]
                .as_array()?
                .iter()
                .map(used)
                .collect::<Option<_>>()?,
            turns: json["turns"]
                .as_array()?
                .iter()
                .map(turn)
                .collect::<Option<_>>()?,
            runs: json["runs"]
                .as_array()?
                .iter()
                .map(run)
                .collect::<Option<_>>()?,
        })
    }
}

/// The length of the shortest period.
fn shortest(limits: &[RateLimit]) -> u64 {
    let periods = limits.iter().map(|limit| micros(limit.per));
    periods.min().unwrap_or(1_000_000)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
