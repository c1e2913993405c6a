//! Users that an earlier worker has linked to contacts, through the requests that a worker sends.

use contracts::{
    AttemptResult, ChangeLease, Claim, ClaimUsers, Field, FieldSet, LeaseAnswer, LinkOrigin, NewLink,
    NextAction, ReportResults, delivery::LeaseAction, subjects,
};
use futures_util::future::join_all;
use testing::wait::until;

use super::{UserService, change_of, id};
use crate::harness::CEILING;

pub(super) const HOLDER: &str = "earlier worker";
/// Fewer than one claim may name.
const USERS_PER_CLAIM: usize = 100;

/// A user, its address, and the contact that has it.
pub(crate) struct LinkedUser {
    pub(crate) user: String,
    pub(crate) email: String,
    pub(crate) contact_id: String,
}

impl UserService {
    /// Creates these users with their addresses. A worker that has ended found their contacts by them, so nothing is left to deliver.
    pub(crate) async fn link(&self, account_id: &str, users: &[LinkedUser]) {
        let create = async |user: &LinkedUser| {
            let change = change_of(&user.user, &[(Field::EMAIL, user.email.as_str())]);
            self.call(&change).await;
        };
        join_all(users.iter().map(create)).await;
        let epoch = self.take_lease(account_id).await;
        for users in users.chunks(USERS_PER_CLAIM) {
            let claim = ClaimUsers {
                holder: HOLDER.to_owned(),
                epoch,
                users: users.iter().map(|user| id(&user.user)).collect(),
                limit: u32::try_from(users.len()).unwrap(),
                fields_revision: None,
            };
            let claimed = self.call(&claim).await.claims;
            assert_eq!(claimed.len(), users.len());
            self.report_contacts(account_id, &claimed, users).await;
        }
        self.change_lease(account_id, LeaseAction::Release).await;
        self.acknowledge(users.len()).await;
    }

    async fn take_lease(&self, account_id: &str) -> u64 {
        match self.change_lease(account_id, LeaseAction::Hold).await {
            LeaseAnswer::Granted { epoch, .. } => epoch,
            other => panic!("not granted: {other:?}"),
        }
    }

    async fn change_lease(&self, account_id: &str, action: LeaseAction) -> LeaseAnswer {
        let change = ChangeLease {
            holder: HOLDER.to_owned(),
            account_id: account_id.to_owned(),
            action,
            token: contracts::TokenState::Unknown,
        };
        self.call(&change).await
    }

    async fn report_contacts(&self, account_id: &str, claimed: &[Claim], users: &[LinkedUser]) {
        let found = |claim: &Claim| {
            let mut users = users.iter();
            let user = users.find(|user| user.user == claim.user_id.as_str()).unwrap();
            found_by_address(claim, account_id, user)
        };
        let report = ReportResults {
            holder: HOLDER.to_owned(),
            results: claimed.iter().map(found).collect(),
            retractions: Vec::new(),
            claim: None,
        };
        let reported = self.call(&report).await.users;
        assert!(reported.iter().all(|user| user.next == NextAction::Clean));
    }

    /// Takes the wake-ups of these changes out of the stream.
    async fn acknowledge(&self, wake_ups: usize) {
        let wake_ups = u64::try_from(wake_ups).unwrap();
        until("the wake-ups", CEILING, async || match self.wake_ups().await {
            found if found == wake_ups => Ok(()),
            found => Err(found),
        })
        .await;
        let stream = self.client.jetstream().get_stream(subjects::STREAM).await;
        stream.unwrap().purge().await.unwrap();
    }
}

fn found_by_address(claim: &Claim, account_id: &str, user: &LinkedUser) -> AttemptResult {
    AttemptResult {
        user_id: claim.user_id.clone(),
        attempt: claim.attempt,
        version: claim.version,
        field_results: std::collections::BTreeMap::new(),
        written: FieldSet::EMPTY,
        may_apply_late: false,
        target: None,
        cleared: FieldSet::EMPTY,
        may_have_created: false,
        last_response: None,
        link: Some(NewLink {
            contact_id: user.contact_id.clone(),
            account_id: account_id.to_owned(),
            address: Some(user.email.clone()),
            origin: LinkOrigin::PrimaryAddress,
            primary_address: None,
            former_ids: Vec::new(),
        }),
        confirmed_address: None,
        lacks_address: false,
        failure: None,
    }
}
