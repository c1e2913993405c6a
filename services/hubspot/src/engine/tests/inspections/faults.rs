//! What an inspection meets, and what that is to deliveries.

use std::time::Duration;

use super::{NAME, PATIENCE, inspection, read};
use crate::engine::{
    Call, CallErrorKind, HaltCause, Input, InspectedContacts, InspectionError, InspectionId, RateLimit,
    Response, WorkerStatus,
    tests::{
        accounts::fault,
        bench::Bench,
        samples::{ACCOUNT, all_written, linked, ms, problem, reason, server_fault},
    },
};

#[test]
fn a_stopped_line_is_not_probed_by_it_and_says_why() {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver(&[linked("a", NAME)]);
    bench.answer(call, problem(CallErrorKind::AccountMoving { retry_after: None }));
    bench.inspect(1);
    let stopped = InspectionError::Halted {
        cause: HaltCause::AccountMoving,
        reason: reason("X"),
    };
    assert!(bench.is_answered(1, Err(stopped)));
    bench.pass(Duration::from_secs(61));
    bench.inspect(2);
    assert!(!matches!(bench.any_call(), Some((_, Call::Inspect(_)))));
}

#[test]
fn while_delivery_is_paused_contacts_can_be_read_and_nothing_is_written() {
    let mut bench = Bench::running();
    bench.paused = true;
    bench.pass(ms(1_500));
    bench.wake("a");
    bench.inspect(1);
    let call = bench.inspection_out();
    bench.answer(call, problem(CallErrorKind::MissingScopes));
    assert!(bench.is_answered(1, Err(InspectionError::Failed(reason("X")))));
    assert_eq!(bench.engine.status(), WorkerStatus::Paused);
    bench.pass(ms(1_000));
    bench.inspect(2);
    bench.inspection_out();
    bench.paused = false;
    bench.pass(ms(1_500));
    bench.give_all(&[linked("a", NAME)]);
    assert!(
        matches!(bench.call().1, Call::Update { .. }),
        "what it met kept nobody"
    );
}

#[test]
fn what_no_person_asked_for_waits_for_the_end_of_a_pause_and_holds_up_nobody() {
    let mut bench = Bench::running();
    bench.paused = true;
    bench.pass(ms(1_500));
    bench.put(Input::Inspect {
        id: InspectionId(1),
        inspection: inspection(),
        even_paused: false,
        until: bench.now + PATIENCE,
    });
    bench.inspect(2);
    let call = bench.inspection_out();
    bench.answer(call, read());
    assert!(bench.is_answered(2, Ok(InspectedContacts::default())));
    bench.pass(ms(1_000));
    assert!(bench.any_call().is_none());
    bench.paused = false;
    bench.pass(ms(1_500));
    bench.inspection_out();
}

#[test]
fn one_that_waited_for_the_end_of_a_pause_in_vain_is_told_so() {
    let mut bench = Bench::running();
    bench.paused = true;
    bench.pass(ms(1_500));
    bench.put(Input::Inspect {
        id: InspectionId(1),
        inspection: inspection(),
        even_paused: false,
        until: bench.now + ms(5_000),
    });
    bench.pass(ms(5_000));
    assert!(bench.is_answered(1, Err(InspectionError::Paused)));
}

#[test]
fn a_fault_of_the_account_is_told_to_whoever_asked_and_deliveries_find_it_out_by_themselves() {
    for kind in [
        CallErrorKind::Unauthorized,
        CallErrorKind::MissingScopes,
        CallErrorKind::NoSuchPath,
        CallErrorKind::AccountMoving { retry_after: None },
    ] {
        let mut bench = Bench::running();
        bench.pass(ms(1_000));
        bench.inspect(1);
        let call = bench.inspection_out();
        bench.answer(call, problem(kind.clone()));
        assert!(bench.is_answered(1, Err(InspectionError::Failed(reason("X")))));
        assert_eq!(fault(&bench), None, "{kind:?}: a token may write and not read");
        let (call, _) = bench.deliver(&[linked("a", NAME)]);
        bench.answer(call, problem(kind.clone()));
        assert!(fault(&bench).is_some(), "{kind:?}");
    }
}

#[test]
fn what_is_out_while_the_token_is_replaced_counts_for_neither_account() {
    let mut bench = Bench::running();
    bench.pass(ms(1_000));
    bench.inspect(1);
    let call = bench.inspection_out();
    bench.put(Input::TokenReplaced);
    assert!(bench.is_answered(1, Err(InspectionError::AccountUnknown)));
    bench.answer(call, problem(CallErrorKind::Unauthorized));
    assert_eq!(fault(&bench), None, "the token it was about is gone");
}

#[test]
fn a_lone_inspection_without_an_answer_is_no_reason_to_step_aside() {
    let mut bench = Bench::running();
    bench.pass(ms(1_000));
    bench.inspect(1);
    let call = bench.inspection_out();
    bench.answer(call, problem(CallErrorKind::NoResponse));
    assert!(!bench.engine.leadership.is_silent());
}

#[test]
fn a_failure_of_its_own_tells_nothing_of_changes() {
    let mut bench = Bench::running();
    for number in 0..3 {
        bench.pass(ms(1_000));
        bench.inspect(number);
        let call = bench.inspection_out();
        bench.answer(call, server_fault());
        assert!(bench.is_answered(number, Err(InspectionError::Unreadable(reason("X")))));
    }
    let (call, _) = bench.deliver(&[linked("a", NAME)]);
    bench.answer(call, server_fault());
    assert_eq!(fault(&bench), None);
}

fn limited(policy: RateLimit) -> Response {
    problem(CallErrorKind::RateLimited {
        limit: policy,
        retry_after: None,
    })
}

#[test]
fn a_refusal_for_the_limit_slows_everybody_down_and_no_other_is_read_in_that_window() {
    let mut bench = Bench::running();
    bench.pass(ms(1_000));
    bench.inspect(1);
    let call = bench.inspection_out();
    bench.answer(call, limited(RateLimit::Window));
    bench.wake("a");
    bench.inspect(2);
    bench.give_all(&[linked("a", NAME)]);
    assert!(bench.any_call().is_none(), "a tenth of the window is waited");
    bench.pass(ms(1_000));
    bench.give_all(&[linked("a", NAME)]);
    let (call, update) = bench.call();
    assert!(matches!(update, Call::Update { .. }));
    bench.answer(call, all_written(&update));
    bench.verdict();
    bench.pass(ms(8_999));
    assert!(
        bench.any_call().is_none(),
        "the rest of the window is for changes"
    );
    bench.pass(ms(1));
    bench.inspection_out();
}

#[test]
fn a_day_that_is_used_up_is_not_asked_for_again_at_once_and_changes_find_it_out_by_themselves() {
    let mut bench = Bench::running();
    bench.pass(ms(1_000));
    bench.inspect(1);
    let call = bench.inspection_out();
    bench.answer(call, limited(RateLimit::Day));
    assert!(bench.is_answered(1, Err(InspectionError::Failed(reason("X")))));
    assert_eq!(fault(&bench), None);
    bench.pass(Duration::from_mins(59));
    bench.inspect(2);
    assert!(bench.is_answered(2, Err(InspectionError::DayRunsShort)));
    bench.pass(Duration::from_mins(1));
    bench.inspect(3);
    bench.inspection_out();
}

#[test]
fn a_new_token_may_have_a_day_of_its_own() {
    let mut bench = Bench::running();
    bench.pass(ms(1_000));
    bench.inspect(1);
    let call = bench.inspection_out();
    bench.answer(call, limited(RateLimit::Day));
    bench.put(Input::TokenReplaced);
    let (call, account) = bench.call();
    assert_eq!(account, Call::Account);
    let account_id = ACCOUNT.into();
    bench.answer(
        call,
        Response::Account {
            account_id,
            details_refused: false,
        },
    );
    bench.pass(ms(1_000));
    bench.inspect(2);
    bench.inspection_out();
}

#[test]
fn the_second_half_of_the_day_is_for_changes() {
    let mut bench = Bench::running();
    bench.pass(ms(1_000));
    bench.inspect(1);
    let call = bench.inspection_out();
    bench.answer_with_day(call, read(), 500);
    bench.pass(ms(1_000));
    bench.inspect(2);
    assert!(bench.is_answered(2, Err(InspectionError::DayRunsShort)));
    assert_eq!(fault(&bench), None);
}
