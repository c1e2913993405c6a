//! Lists and counts, against the same by looking at each row.

use contracts::{State, Troubled, UserId};
use user::store::{List, UserReader};

use super::model::Model;

pub(super) async fn check(reader: &dyn UserReader, model: &Model, place: &str) {
    let pending = walk(reader, |position| List::pending(position).unwrap()).await;
    assert_eq!(pending, model.pending(), "{place}");
    let troubled = model.troubled();
    let all = walk(reader, |position| {
        List::troubled(&Troubled::default(), position).unwrap()
    })
    .await;
    assert_eq!(all, ids(&troubled, |_| true), "{place}");
    let mut counted = 0;
    let counts = reader.count().await.unwrap();
    for count in &counts.troubles {
        let is_it =
            |(state, reason, _): &(State, String, UserId)| *state == count.state() && *reason == count.reason;
        let which = Troubled {
            state: Some(count.state()),
            reason: Some(count.reason.clone()),
        };
        let listed = walk(reader, |position| List::troubled(&which, position).unwrap()).await;
        let expected = ids(&troubled, is_it);
        assert_eq!(listed, expected, "{place}: {which:?}");
        assert_eq!(count.users, i64::try_from(expected.len()).unwrap(), "{place}");
        assert_eq!(count.example, expected[0].as_str(), "{place}");
        counted += expected.len();
    }
    assert_eq!(counted, troubled.len(), "{place}");
    for state in [State::Refused, State::Taken, State::Parked, State::Missing] {
        let which = Troubled {
            state: Some(state),
            reason: None,
        };
        let listed = walk(reader, |position| List::troubled(&which, position).unwrap()).await;
        assert_eq!(
            listed,
            ids(&troubled, |(found, ..)| *found == state),
            "{place}: {state:?}"
        );
    }
    assert_eq!(counts.pending, pending.len() as u64, "{place}");
    let counted = (counts.resending, counts.oldest_pending);
    assert_eq!(counted, model.resending_and_oldest(), "{place}");
}

fn ids(
    troubled: &[(State, String, UserId)],
    is_wanted: impl Fn(&(State, String, UserId)) -> bool,
) -> Vec<UserId> {
    let wanted = troubled.iter().filter(|user| is_wanted(user));
    wanted.map(|(_, _, user_id)| user_id.clone()).collect()
}

/// Every page of a list, two users at a time.
async fn walk(reader: &dyn UserReader, list: impl Fn(Option<&str>) -> List) -> Vec<UserId> {
    let mut users = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let found = list(after.as_deref());
        let page = reader.list(&found, 2).await.unwrap();
        let Some(end) = page.last() else { return users };
        after = Some(end.position.clone());
        users.extend(page.into_iter().map(|listed| listed.row.unwrap().user_id));
    }
}
