//! Imports.

use contracts::{
    ErrorCode, Field, ImportLine, ImportResult, ImportUsers, MAX_IMPORT_LINES, Priority, SyncState, Values,
};

use crate::stack::{Stack, ada, id};

fn line<const N: usize>(user: &str, given: [(Field, &str); N]) -> ImportLine {
    let fields: Values = given
        .into_iter()
        .map(|(field, value)| (field, Some(value.into())))
        .collect();
    ImportLine {
        user_id: id(user),
        fields,
    }
}

async fn import(stack: &Stack, lines: Vec<ImportLine>) -> Vec<ImportResult> {
    let imported = stack.ask(&ImportUsers { lines }).await.unwrap();
    imported.results
}

#[tokio::test]
async fn each_line_has_a_result_and_equal_lines_change_nothing() {
    let (stack, service) = Stack::serving(&[]).await;
    let lines = vec![
        line(
            "1",
            [(Field::EMAIL, "ada@example.com"), (Field::FIRST_NAME, "Ada")],
        ),
        line("2", [(Field::FIRST_NAME, "Nobody")]),
        line("3", [(Field::EMAIL, "not an address")]),
        line("4", [(Field::EMAIL, "an\u{212a}e@example.com")]),
        line("1", [(Field::FIRST_NAME, "Ida")]),
    ];
    let results = import(&stack, lines.clone()).await;
    assert_eq!(results[0], ImportResult::Changed { version: 1 });
    assert_eq!(results[4], ImportResult::Changed { version: 2 });
    let codes: Vec<_> = results
        .iter()
        .filter_map(|result| match result {
            ImportResult::Rejected { error } => Some(error.code),
            _ => None,
        })
        .collect();
    let expected = [
        ErrorCode::EmailRequired,
        ErrorCode::InvalidRequest,
        ErrorCode::InvalidRequest,
    ];
    assert_eq!(codes, expected);
    assert_eq!(
        stack.get("1").await.unwrap().values[&Field::FIRST_NAME],
        Some("Ida".into())
    );
    assert_eq!(stack.receipt("1", None).await.unwrap().state, SyncState::Pending);
    assert_eq!(stack.get("2").await.unwrap_err().code, ErrorCode::UserNotFound);
    let again = import(&stack, vec![lines[4].clone()]).await;
    assert_eq!(again, [ImportResult::Unchanged { version: 2 }]);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn imports_have_backfill_priority_and_changes_live_priority() {
    let (stack, service) = Stack::serving(&[]).await;
    import(&stack, vec![line("1", [(Field::EMAIL, "ada@example.com")])]).await;
    stack.wait_for_wake_ups(&["1"]).await;
    let wake_ups = stack.wake_ups().await;
    assert_eq!((wake_ups.len(), wake_ups[0].priority), (1, Priority::Backfill));
    stack.update(&ada("2")).await.unwrap();
    stack.wait_for_wake_ups(&["1", "2"]).await;
    let wake_ups = stack.wake_ups().await;
    let live = wake_ups.iter().find(|change| change.user_id == id("2")).unwrap();
    assert_eq!(live.priority, Priority::Live);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn too_many_lines_are_rejected_as_a_whole() {
    let (stack, service) = Stack::serving(&[]).await;
    let many = line("1", [(Field::EMAIL, "ada@example.com")]);
    let lines = vec![many; MAX_IMPORT_LINES + 1];
    let error = stack.ask(&ImportUsers { lines }).await;
    assert_eq!(error.unwrap_err().code, ErrorCode::InvalidRequest);
    assert_eq!(stack.get("1").await.unwrap_err().code, ErrorCode::UserNotFound);
    service.stop().await.unwrap();
}
