//! Plays the user service: rows in memory, lease, claims and verdicts over NATS, wake-ups into the stream.

mod comparing;
mod gathering;
mod lease;
mod protocol;
mod script;

pub(crate) use comparing::Manner;

use std::{
    collections::BTreeMap,
    num::NonZeroU64,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use async_nats::jetstream::{
    self,
    stream::{Config, DiscardPolicy, RetentionPolicy},
};
use contracts::{
    AttemptResult, Claim, ClaimUsers, ErrorCode, Field, FieldResult, Link, NextAction, Priority, RepairUser,
    ReportResults, ReportedUser, ResultsReported, UserChanged, UserId, UsersClaimed, Values, subjects,
};
use futures_util::StreamExt;

/// How soon a failed attempt is due again; short, so that tests are.
const AGAIN: Duration = Duration::from_millis(50);

#[derive(Default)]
struct Row {
    values: Values,
    /// The version at which each field was last owed.
    owed: BTreeMap<Field, u64>,
    link: Option<Link>,
    attempt: u64,
    version: u64,
}

#[derive(Default)]
struct State {
    rows: BTreeMap<UserId, Row>,
    holder: Option<(String, Instant)>,
    epoch: u64,
    account: Option<String>,
    verdicts: Vec<AttemptResult>,
    /// What was asked to be sent again.
    repairs: Vec<RepairUser>,
    /// How users to compare are answered.
    manner: Manner,
    /// How often they were asked for.
    asked_to_compare: usize,
    /// Whether whoever asks has the lease, as two have it for a moment where one of them does not know yet.
    trusts_everybody: bool,
    /// A claim that names fewer users has to come again.
    gathers: usize,
}

/// The scripted user service. Clones share it.
#[derive(Clone)]
pub(crate) struct Users {
    client: async_nats::Client,
    state: Arc<Mutex<State>>,
}

impl Users {
    pub(crate) async fn start(nats_url: &str) -> Self {
        let client = async_nats::ConnectOptions::new()
            .retry_on_initial_connect()
            .reconnect_delay_callback(|_| Duration::from_millis(50))
            .connect(nats_url)
            .await
            .unwrap();
        let users = Self {
            client,
            state: Arc::default(),
        };
        users.ensure_stream().await;
        let mut requests = users.client.subscribe("users.*").await.unwrap();
        users.client.flush().await.unwrap();
        let serving = users.clone();
        tokio::spawn(async move {
            while let Some(message) = requests.next().await {
                serving.answer(message).await;
            }
        });
        users
    }

    pub(crate) async fn ensure_stream(&self) {
        let config = Config {
            name: subjects::STREAM.into(),
            subjects: vec![subjects::USERS_CHANGED_ALL.into()],
            retention: RetentionPolicy::WorkQueue,
            discard: DiscardPolicy::New,
            max_messages_per_subject: 1,
            ..Config::default()
        };
        jetstream::new(self.client.clone())
            .get_or_create_stream(config)
            .await
            .unwrap();
    }

    /// A caller changes a user; it is announced.
    pub(crate) async fn change(&self, user: &str, fields: &[(Field, &str)]) {
        let user_id: UserId = user.parse().unwrap();
        let version = {
            let mut state = self.state();
            let row = state.rows.entry(user_id.clone()).or_default();
            row.version += 1;
            for (field, value) in fields {
                row.values.insert(*field, Some((*value).to_owned()));
                row.owed.insert(*field, row.version);
            }
            row.version
        };
        let changed = UserChanged {
            user_id: user_id.clone(),
            version,
            priority: Priority::Live,
        };
        let payload = serde_json::to_vec(&changed).unwrap().into();
        let jetstream = jetstream::new(self.client.clone());
        let announced = jetstream.publish(subjects::users_changed(&user_id), payload);
        announced.await.unwrap().await.unwrap();
    }

    /// Waits until the user owes nothing.
    pub(crate) async fn wait_until_settled(&self, user: &str) {
        let user_id: UserId = user.parse().unwrap();
        testing::wait::until("the user to be settled", crate::harness::CEILING, async || {
            self.state()
                .rows
                .get(&user_id)
                .is_some_and(|row| row.owed.is_empty())
        })
        .await;
    }

    /// What became of each field of a user, over all attempts; the latest outcome counts.
    pub(crate) fn outcome(&self, user: &str, field: Field) -> Option<FieldResult> {
        let verdicts = self.verdicts(user);
        verdicts
            .iter()
            .rev()
            .find_map(|verdict| verdict.field_results.get(&field).cloned())
    }

    pub(crate) fn verdicts(&self, user: &str) -> Vec<AttemptResult> {
        let of_user = |verdict: &&AttemptResult| verdict.user_id.as_str() == user;
        self.state().verdicts.iter().filter(of_user).cloned().collect()
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.state().epoch
    }

    pub(crate) fn lease_is_free(&self) -> bool {
        self.state().holder.is_none()
    }

    /// The links belong to this account from now on.
    pub(crate) fn remember_account(&self, account: &str) {
        self.state().account = Some(account.to_owned());
    }

    /// Messages in the stream.
    pub(crate) async fn announced(&self) -> u64 {
        let jetstream = jetstream::new(self.client.clone());
        jetstream
            .get_stream(subjects::STREAM)
            .await
            .unwrap()
            .cached_info()
            .state
            .messages
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn claim(&self, asked: &ClaimUsers) -> Result<UsersClaimed, ErrorCode> {
        let mut state = self.state();
        if asked.epoch != state.epoch {
            return Err(ErrorCode::StaleEpoch);
        }
        if state.names_too_few(asked) {
            return Err(ErrorCode::Unavailable);
        }
        let mut given = UsersClaimed::default();
        for user_id in &asked.users {
            match state.rows.get_mut(user_id).filter(|row| !row.owed.is_empty()) {
                Some(row) => given.claims.push(claim_of(user_id, row)),
                None => given.clean.push(user_id.clone()),
            }
        }
        Ok(given)
    }

    fn record(&self, record: ReportResults) -> ResultsReported {
        let users = record
            .results
            .into_iter()
            .map(|verdict| self.take(verdict))
            .collect();
        self.owe_again(&record.retractions);
        let claims = record.claim.map(|claim| self.claim(&claim));
        let (claims, claims_refused) = match claims {
            Some(Ok(given)) => (Some(given), None),
            Some(Err(code)) => (None, Some(code)),
            None => (None, None),
        };
        ResultsReported {
            users,
            claims,
            claims_error: claims_refused,
        }
    }

    fn take(&self, verdict: AttemptResult) -> ReportedUser {
        let mut state = self.state();
        let row = state.rows.get_mut(&verdict.user_id).unwrap();
        if let Some(found) = verdict.link.clone() {
            let by_address = found.address.is_some();
            row.link = Some(Link {
                contact_id: found.contact_id,
                account_id: found.account_id,
                address: found.address,
                origin: found.origin,
                shared: false,
            });
            if by_address {
                let again = row.values.keys().filter(|field| **field != Field::EMAIL);
                row.owed = again.map(|field| (*field, row.version)).collect();
            }
        }
        for field in verdict.field_results.keys() {
            // What was owed since the attempt's claim stays owed.
            row.owed
                .retain(|owed, version| owed != field || *version > verdict.version);
        }
        let next = match &verdict.failure {
            _ if row.owed.is_empty() => NextAction::Clean,
            Some(_) => NextAction::Later {
                in_ms: u64::try_from(AGAIN.as_millis()).unwrap(),
            },
            None => NextAction::Now,
        };
        let user_id = verdict.user_id.clone();
        state.verdicts.push(verdict);
        ReportedUser { user_id, next }
    }
}

fn claim_of(user_id: &UserId, row: &mut Row) -> Claim {
    row.attempt += 1;
    Claim {
        request: None,
        user_id: user_id.clone(),
        attempt: NonZeroU64::new(row.attempt).unwrap(),
        version: row.version,
        generation: row.version,
        priority: Priority::Live,
        values: row.values.clone(),
        dirty: row.owed.keys().copied().collect(),
        link: row.link.clone(),
        never_linked: row.link.is_none(),
        possible_creates: Vec::new(),
    }
}
