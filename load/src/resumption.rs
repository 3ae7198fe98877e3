//! Resumption of interrupted loads: what a checkpoint stores, and whether a load may go on there.

use rest_source::{
    Client, Fingerprint, PagingCheckpoint, Position,
    plan::{Pages, Part, ResourcePlan, Template},
};

use crate::{StoredCheckpoint, Target, Writing};

/// The version of the text of a checkpoint.
const VERSION: &str = "2";

/// Whether an interrupted load of the resource can be resumed. One with a state resumes there in any case.
pub(crate) fn is_resumable(resource: &ResourcePlan) -> bool {
    !resource.has_state()
        && !resource.sends_with_parents(&Part::Now)
        && resource.job.is_none()
        && resource.tree.is_none()
        && resource.batch.is_none()
        && (is_in_partitions(resource) || !matches!(resource.paginator.kind, Pages::Scroll(_)))
}

/// Whether the resource is fetched in partitions: for each record of its parents, or for each value of its lists.
pub(crate) fn is_in_partitions(resource: &ResourcePlan) -> bool {
    resource.parent.is_some() || !resource.partitions.is_empty()
}

/// What has to be the same when a load is resumed.
pub(crate) struct Resumption<'t> {
    target: &'t Target,
    /// A hash of the settings: also of those that decide where a page starts, such as the size of a page.
    settings: String,
    /// The day, if the requests carry it.
    day: String,
}

impl<'t> Resumption<'t> {
    /// Of a load that begins now.
    pub(crate) fn new(target: &'t Target, client: &Client) -> Self {
        let sends_day = target.resource.sends_with_parents(&Part::Today)
            || is_sent_by_all(client, &Part::Today);
        let day = client.now().to_string();
        let day = day.split('T').next().unwrap_or_default();
        Self {
            target,
            settings: format!("{:016x}", fingerprint(&format!("{:?}", client.config()))),
            day: if sends_day { day } else { "any day" }.to_owned(),
        }
    }

    /// The text of a checkpoint: the version, the spec, how rows are written, the request, the settings, the day and the
    /// position, a line each.
    pub(crate) fn text(&self, checkpoint: &PagingCheckpoint) -> String {
        let [spec, writing, request] = self.lines();
        let (settings, day) = (&self.settings, &self.day);
        let position = checkpoint.to_json();
        format!("{VERSION}\n{spec}\n{writing}\n{request}\n{settings}\n{day}\n{position}")
    }

    /// Where the load goes on.
    ///
    /// # Errors
    ///
    /// Why it cannot.
    pub(crate) fn read(&self, stored: StoredCheckpoint) -> Result<PagingCheckpoint, String> {
        let unreadable = || "the stored position is unreadable".to_owned();
        let lines: Vec<&str> = stored.point.lines().collect();
        if lines.first().is_some_and(|version| *version != VERSION) {
            return Err("another version stored the position".to_owned());
        }
        let [_, spec, writing, request, settings, day, position] = lines[..] else {
            return Err(unreadable());
        };
        let [own_spec, own_writing, own_request] = self.lines();
        if request != own_request {
            let stored = Fingerprint::from_json(request).map_err(|_| unreadable())?;
            let differences = stored.differences(&self.target.request);
            return Err(format!("the request changed: {}", differences.join("; ")));
        }
        if writing != own_writing {
            return Err(format!(
                "the rows were to be written as {writing}, now as {own_writing}"
            ));
        }
        if spec != own_spec {
            return Err("the spec of the resource changed".to_owned());
        }
        if settings != self.settings {
            return Err("a setting changed".to_owned());
        }
        if day != self.day {
            return Err(format!("its requests carry the day, which was {day}"));
        }
        let mut checkpoint = PagingCheckpoint::from_json(position).map_err(|_| unreadable())?;
        if checkpoint.holds_secret {
            return Err(
                "the position of the next page may hold a secret, which is not stored".to_owned(),
            );
        }
        checkpoint.partitions = stored.partitions;
        Ok(checkpoint)
    }

    /// A hash of what has to be the same for all processes that load parts of a resource.
    pub(crate) fn hash(&self) -> String {
        let lines = self.lines().join("\n");
        let version = env!("CARGO_PKG_VERSION");
        let text = format!("{version}\n{lines}\n{}", self.settings);
        format!("{:016x}", fingerprint(&text))
    }

    fn lines(&self) -> [String; 3] {
        let Target {
            resource,
            writing,
            request,
            stamp,
            ..
        } = self.target;
        let writing = match writing {
            Writing::Append => "append",
            Writing::Merge => "merge",
            Writing::ReplaceGroups => "merge by merge_key",
            Writing::Replace => "replace",
        };
        let stamps = if stamp.is_some() { ", with stamps" } else { "" };
        [
            format!("{:016x}", fingerprint(&format!("{resource:?}"))),
            format!("{writing}, `{}`{stamps}", resource.table.name),
            request.to_json(),
        ]
    }
}

/// Whether every request of the source carries this part: in its base URL or in a header.
fn is_sent_by_all(client: &Client, part: &Part) -> bool {
    let plan = client.plan();
    let headers = plan.headers.iter().map(|header| &header.value);
    headers
        .chain([&plan.base_url])
        .any(|template: &Template| template.has(part))
}

/// Where a load goes on, for its report.
pub(crate) fn describe(checkpoint: &PagingCheckpoint) -> String {
    match (&checkpoint.position, checkpoint.partitions.len()) {
        (Some(position), _) => {
            let pages = match checkpoint.pages {
                1 => "1 page".to_owned(),
                count => format!("{count} pages"),
            };
            format!(
                "continued at {}, after {pages} of an interrupted load",
                shown(position)
            )
        }
        (None, 1) => "continued after 1 partition of an interrupted load".to_owned(),
        (None, count) => format!("continued after {count} partitions of an interrupted load"),
    }
}

/// A position for a message: the start of a long cursor.
pub(crate) fn shown(position: &Position) -> String {
    const MOST: usize = 60;
    let text = position.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A hash of a text that is the same on every machine: FNV-1a of 64 bits.
pub(crate) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
