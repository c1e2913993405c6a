//! `hubsync resync`: everything once more.

use clap::Args;
use contracts::UserId;
use serde_json::{Value, json};

use super::{
    Asking, Exit, Failure,
    confirm::confirm,
    output::{self, text},
    progress::bar,
    retry::NAMED,
    series::{Rest, Series, conclude},
};

const PATH: &str = "/sync/resync";

/// Who is to be sent once more.
#[derive(Debug, Args)]
pub(crate) struct Resync {
    /// These users.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    users: Vec<UserId>,
    /// Every user.
    #[arg(long)]
    all: bool,
    /// Goes on after that user, where an earlier one broke off.
    #[arg(long, requires = "all", value_name = "USER")]
    after: Option<UserId>,
    /// Asks nothing before everybody is sent once more.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    asking: Asking,
}

/// What was done so far.
#[derive(Default)]
struct Total {
    owed: u64,
    shared: u64,
    left: u64,
    unknown: Vec<Value>,
}

pub(crate) async fn run(resync: &Resync) -> Result<Exit, Failure> {
    let gateway = resync.asking.gateway()?;
    if resync.all {
        let what = "Every field of every user is sent to HubSpot again, behind live changes; what others wrote into \
                    those fields there is overwritten.";
        confirm(what, resync.yes)?;
    }
    let mut total = Total::default();
    let mut series = Series::begin(&gateway, bar(None))?;
    let add = |done: &Value| Ok(total.add(done));
    let outcome = if resync.all {
        let mut request = json!({ "all": true });
        if let Some(after) = &resync.after {
            request["after"] = after.as_str().into();
        }
        let rest = |after: Option<&str>| Rest::after(&gateway, "hubsync resync --all", after);
        series.pages(PATH, request, add, rest).await
    } else {
        series.named(PATH, json!({}), &resync.users, NAMED, add).await
    };
    // Its bar would stand in the way.
    drop(series);
    let output = resync.asking.output();
    conclude(output, outcome, total.document(), || total.describe())?;
    Ok(total.exit())
}

impl Total {
    /// Takes what was done, and says how many users were come to so far.
    fn add(&mut self, done: &Value) -> u64 {
        self.owed += done["owed"].as_u64().unwrap_or(0);
        self.shared += done["shared"].as_u64().unwrap_or(0);
        self.left += done["left"].as_u64().unwrap_or(0);
        self.unknown
            .extend(done["unknown"].as_array().into_iter().flatten().cloned());
        self.owed + self.shared + self.left
    }

    fn document(&self) -> Value {
        let mut document = json!({ "owed": self.owed, "shared": self.shared, "left": self.left });
        if !self.unknown.is_empty() {
            document["unknown"] = self.unknown.clone().into();
        }
        document
    }

    fn exit(&self) -> Exit {
        if self.unknown.is_empty() {
            Exit::Well
        } else {
            Exit::UnknownUser
        }
    }

    fn describe(&self) -> String {
        let mut words = format!("{} sent once more", output::users(self.owed));
        if self.shared > 0 {
            words = format!(
                "{words}, {} passed over: they share a contact with another user",
                self.shared
            );
        }
        if self.left > 0 {
            words = format!(
                "{words}, {} left alone: all of theirs is on its way already, or their row cannot be read",
                self.left
            );
        }
        for user in &self.unknown {
            words = format!("{words}\nthere is no user {}", text(user));
        }
        words
    }
}
