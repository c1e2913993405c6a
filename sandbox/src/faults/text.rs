//! The text form of faults, for the command line: `path=batch/update,times=3,answer=502,effect=2000`.

use std::str::FromStr;

use super::{Action, CutPoint, Effect, Fault, KeptForm, KnownError, Matcher};

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = Parts::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            parts.add(name, value)?;
        }
        parts.into_fault()
    }
}

#[derive(Default)]
struct Parts {
    on: Matcher,
    action: Option<Action>,
    body: Option<super::BodyKind>,
    retry_after: Option<u64>,
    effect: Effect,
}

impl Parts {
    fn add(&mut self, name: &str, value: &str) -> Result<(), String> {
        let text = || Some(value.to_owned());
        match name {
            "method" => self.on.method = text(),
            "path" => self.on.path = text(),
            "contact" => self.on.contact = text(),
            "email" => self.on.email = text(),
            "property" => self.on.property = text(),
            "share" => self.on.share = Some(number(name, value)?),
            "times" => self.on.times = Some(number(name, value)?),
            "body" => self.body = Some(word(name, value)?),
            "retry_after" => self.retry_after = Some(number(name, value)?),
            "effect" => self.effect = Effect::AfterMs(number(name, value)?),
            _ => return self.set_action(action(name, value)?),
        }
        Ok(())
    }

    fn set_action(&mut self, action: Action) -> Result<(), String> {
        match self.action.replace(action) {
            None => Ok(()),
            Some(_) => Err("a fault has one action only".to_owned()),
        }
    }

    fn into_fault(self) -> Result<Fault, String> {
        let mut action = self
            .action
            .ok_or("a fault needs one of answer, reject, keep, hide, delay, cut, hang, empty, success")?;
        let (given_body, given_retry_after, given_effect) = (self.body, self.retry_after, self.effect);
        let is_unused = match &mut action {
            Action::Answer {
                body,
                retry_after,
                effect,
                ..
            } => {
                (*body, *retry_after, *effect) = (given_body, given_retry_after, given_effect);
                false
            }
            Action::Hang { effect, .. } | Action::OddSuccess { effect, .. } => {
                *effect = given_effect;
                given_body.is_some() || given_retry_after.is_some()
            }
            _ => given_body.is_some() || given_retry_after.is_some() || given_effect != Effect::None,
        };
        if is_unused {
            return Err(
                "body and retry_after go with answer, effect with answer, hang and success".to_owned(),
            );
        }
        Ok(Fault { on: self.on, action })
    }
}

fn action(name: &str, value: &str) -> Result<Action, String> {
    match name {
        "answer" => {
            let error: KnownError = value.parse()?;
            Ok(Action::Answer {
                error,
                body: None,
                retry_after: None,
                effect: Effect::None,
            })
        }
        "reject" if !value.is_empty() => Ok(Action::RejectInput {
            code: value.to_owned(),
        }),
        "keep" => Ok(Action::Keep {
            form: word::<KeptForm>(name, value)?,
        }),
        "hide" if !value.is_empty() => Ok(Action::Hide {
            property: value.to_owned(),
        }),
        "delay" => Ok(Action::Delay {
            ms: number(name, value)?,
        }),
        "cut" => Ok(Action::Cut {
            at: word::<CutPoint>(name, value)?,
        }),
        "hang" => Ok(Action::Hang {
            ms: number(name, value)?,
            effect: Effect::None,
        }),
        "empty" => Ok(Action::EmptySuccess),
        "success" => Ok(Action::OddSuccess {
            body: word(name, value)?,
            effect: Effect::None,
        }),
        _ => Err(format!("unknown part {name:?} of a fault")),
    }
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{name} needs a number, not {value:?}"))
}

fn word<T: serde::de::DeserializeOwned>(name: &str, value: &str) -> Result<T, String> {
    serde_json::from_value(value.into()).map_err(|error| format!("{name}: {error}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn an_error_with_a_late_effect_is_parsed() {
        let fault: Fault = "method=POST, path=batch/update, times=3, answer=502, body=empty, effect=2000"
            .parse()
            .unwrap();
        let mut expected = Fault::answer_with_late_effect(KnownError::Server(502), 2_000)
            .on_path("batch/update")
            .times(3);
        expected.on.method = Some("POST".to_owned());
        let Action::Answer { body, .. } = &mut expected.action else {
            panic!("an answer")
        };
        *body = Some(super::super::BodyKind::Empty);
        assert_eq!(fault, expected);
    }

    #[test]
    fn the_other_actions_are_parsed() {
        let action = |text: &str| text.parse::<Fault>().unwrap().action;
        assert_eq!(action("delay=5"), Action::Delay { ms: 5 });
        assert_eq!(
            action("contact=51,property=firstname,reject=READ_ONLY_VALUE"),
            Action::RejectInput {
                code: "READ_ONLY_VALUE".to_owned()
            }
        );
        assert_eq!(
            action("property=firstname,keep=folded"),
            Action::Keep {
                form: KeptForm::Folded
            }
        );
        assert_eq!(
            action("path=batch/update,hide=lastname"),
            Action::Hide {
                property: "lastname".to_owned()
            }
        );
        assert_eq!(
            action("cut=mid-answer"),
            Action::Cut {
                at: CutPoint::MidAnswer
            }
        );
        assert_eq!(
            action("hang=50,effect=10"),
            Action::Hang {
                ms: 50,
                effect: Effect::AfterMs(10)
            }
        );
        assert_eq!(action("empty"), Action::EmptySuccess);
        assert_eq!(
            action("success=html,effect=0"),
            Action::OddSuccess {
                body: super::super::BodyKind::Html,
                effect: Effect::AfterMs(0)
            }
        );
    }

    #[test]
    fn invalid_texts_are_errors() {
        for text in [
            "",
            "path=x",
            "answer=418",
            "reject=",
            "keep=",
            "keep=shouted",
            "hide=",
            "hide=lastname,effect=5",
            "delay=x",
            "cut=soon",
            "answer=500,empty",
            "colour=red",
            "delay=1,body=html",
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
