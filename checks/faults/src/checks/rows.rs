//! Whether the database holds every accepted change and no other, read as the user service reads it.

use anyhow::Context;
use contracts::UserId;
use user::{
    rules::Row,
    store::{self, UserReader},
};

use super::Scene;
use crate::ledger::Expected;

/// A sentence for each user that is not as the ledger says.
pub(super) async fn check(scene: &Scene<'_>) -> anyhow::Result<Vec<String>> {
    let opened = store::open(&scene.stack.database()).await?;
    let found = compare(scene, opened.reader.as_ref()).await;
    opened.close().await?;
    found
}

async fn compare(scene: &Scene<'_>, reader: &dyn UserReader) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (user, expected) in scene.expected {
        let user_id: UserId = user.parse().context("the ids of a run are valid")?;
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
        let (found, told) = (row.version, expected.version);
        wrong.push(format!(
            "{user} is at version {found}, but {told} was the last that anybody was told"
        ));
    }
    if !expected.untold.is_empty() {
        let untold = &expected.untold;
        wrong.push(format!(
            "{user} has versions nobody was told of, although everybody repeats: {untold:?}"
        ));
    }
    for (field, (value, version)) in &expected.fields {
        let state = &row.fields[*field];
        if state.value != *value || state.changed_in != *version {
            let (held, touched, name) = (&state.value, state.changed_in, field.name());
            wrong.push(format!(
                "{name} of {user} is {held:?} of version {touched}, but version {version} gave {value:?}"
            ));
        }
    }
    wrong
}
