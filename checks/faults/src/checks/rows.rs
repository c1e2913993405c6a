//! Checks that the database contains every accepted change and no others, read as the user service reads it.

use anyhow::Context;
use contracts::UserId;
use user::{
    rules::Row,
    store::{self, UserReader},
};

use super::CheckContext;
use crate::callers::accepted_changes::Expected;

/// Returns a sentence for each difference.
pub(super) async fn check(context: &CheckContext<'_>) -> anyhow::Result<Vec<String>> {
    let opened = store::open(&context.stack.database()).await?;
    let found = compare(context, opened.reader.as_ref()).await;
    opened.close().await?;
    found
}

async fn compare(context: &CheckContext<'_>, reader: &dyn UserReader) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (user, expected) in context.expected {
        let user_id: UserId = user.parse().context("user ids of a run are valid")?;
        match reader.find(&user_id).await? {
            Some(row) => wrong.extend(differences(user, expected, &row)),
            None => wrong.push(format!("{user} is not in the database, but was accepted")),
        }
    }
    Ok(wrong)
}

fn differences(user: &str, expected: &Expected, row: &Row) -> Vec<String> {
    let mut wrong = Vec::new();
    if row.version != expected.version {
        let (found, last) = (row.version, expected.version);
        wrong.push(format!(
            "{user} is at version {found}, but the last version in an answer was {last}"
        ));
    }
    if !expected.unreported.is_empty() {
        let unreported = &expected.unreported;
        wrong.push(format!(
            "{user} has versions that no answer named, although every caller repeats its change: {unreported:?}"
        ));
    }
    if !expected.wrongly_answered.is_empty() {
        let changes = &expected.wrongly_answered;
        wrong.push(format!(
            "{user} has changes whose answer says wrongly whether they changed something: {changes:?}"
        ));
    }
    for (field, (value, version)) in &expected.fields {
        let state = &row.fields[*field];
        if state.value != *value || state.changed_in != *version {
            let (held, changed, name) = (&state.value, state.changed_in, field.name());
            wrong.push(format!(
                "{name} of {user} is {held:?} of version {changed}, but version {version} gave {value:?}"
            ));
        }
    }
    wrong
}
