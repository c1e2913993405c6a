//! Everything that may go wrong in a schedule.

use crate::names::named;

named! {
    /// A kind of fault. Each schedule draws some of them.
    Fault {
        InvalidEmail: "value: invalid e-mail address",
        RefusedValue: "value: refused, property named",
        RefusedNameless: "value: refused, no property named",
        UnknownProperty: "rule: property unknown for a while",
        ReadOnlyProperty: "rule: property read-only for a while",
        AdminRule: "rule: an admin's rule refuses everyone for a while",
        TakenWithId: "address taken, answer names the holder",
        TakenWithoutId: "address taken, answer names nobody",
        OwnConflict: "409 that names the written contact itself",
        MissingContact: "contact missing at first",
        SharedContact: "two users with one contact",
        SecondaryAddress: "user known by a secondary address",
        HiddenSecondary: "secondary addresses not shown",
        LookupForgets: "lookup does not account for an address",
        LookupFails: "lookup fails for one address",
        Edited: "others: edit a field",
        AddressChanged: "others: change an address",
        SecondaryAdded: "others: add a secondary address",
        Merged: "others: merge two contacts",
        Archived: "others: archive a contact",
        Created: "others: create a contact anew",
        MergeFollowed: "batch follows a former id, answers with the new one",
        NoTraceIds: "answer without trace ids",
        PartOfBatch: "2xx that passes over a written input",
        EmptySuccess: "2xx that lists nothing",
        ListedTwice: "input listed as written and as refused",
        AllOrNothing: "one bad input refuses the batch",
        Poison: "one contact makes HubSpot fail",
        ForbiddenContact: "403 for one contact",
        LockedContact: "423 for one contact",
        Locked: "423 for a call",
        Status408: "408",
        Status500: "500",
        Status502: "502",
        Status503: "503, Retry-After",
        Status504: "504",
        ErrorAfterEffect: "error status after the effect",
        ErrorBeforeLateEffect: "error status, carried out later",
        HtmlPage: "HTML page with status 200",
        HtmlRefusal: "HTML page with a 4xx status",
        BurstLimit: "429 burst",
        SecondLimit: "429 second",
        NarrowLimit: "few calls allowed in a window",
        CutBefore: "cut before the request left",
        CutDuring: "cut with the request on its way",
        CutAfter: "cut after the effect",
        Slow: "slow answer within the time-out",
        TimedOut: "time-out, never carried out",
        LateEffect: "time-out, carried out later",
        Unauthorized: "account: 401",
        NoAccessToken: "account: no access token is issued",
        MissingScopes: "account: 403 scopes",
        DayLimit: "account: 429 day",
        Moving: "account: 477",
        NoSuchPath: "account: 404 path",
        Unreachable: "account: unreachable",
        Outage: "account: 5xx for all",
        Hanging: "account: nothing is answered",
        OtherAccount: "account: token of another one",
        Paused: "operator: delivery paused for a while",
        Freeze: "worker: frozen",
        FreezeBeforeCall: "worker: frozen between decision and call",
        LongFreeze: "worker: frozen for minutes",
        Kill: "worker: killed",
        ShutDown: "worker: shut down",
        TokenReplaced: "worker: token replaced",
        LostRequest: "message: request lost",
        LostAnswer: "message: answer lost",
        SlowMessage: "message: slow",
        ExpiredRequest: "message: arrives after its limit",
        DuplicateRequest: "message: arrives twice",
        RepeatedChange: "caller: sends a change twice",
        ImportedLine: "caller: imports a line",
        ServiceDown: "user service: down for a while",
        ServiceUnavailable: "user service: takes no changes for a while",
        OutcomeUnknown: "user service: commits, says it does not know",
        ClockBack: "user service: clock steps back",
        ClockForward: "user service: clock steps forward",
        LostAnnouncement: "broker: announcement lost",
        LostConfirmation: "broker: announcement kept, confirmation lost",
        LostAck: "broker: acknowledgement lost",
        DuplicateWakeUp: "broker: wake-up delivered twice",
        SlowWakeUp: "broker: wake-ups out of order",
        Disconnected: "broker: connection lost",
        Wiped: "broker: stream wiped",
        RolledBack: "broker: stream rolled back",
        NarrowStream: "broker: few wake-ups fit",
    }
}

impl Fault {
    /// Whether it loses or holds up wake-ups or the messages that stand for them, so that only the sweep heals it.
    pub fn needs_the_sweep(self) -> bool {
        matches!(
            self,
            Self::LostAnswer
                | Self::SlowMessage
                | Self::ExpiredRequest
                | Self::DuplicateRequest
                // The sweep announces it.
                | Self::ImportedLine
                | Self::ServiceDown
                | Self::OutcomeUnknown
                | Self::ClockBack
                | Self::ClockForward
                | Self::LostAnnouncement
                | Self::LostConfirmation
                | Self::LostAck
                | Self::Wiped
                | Self::RolledBack
                | Self::NarrowStream
                | Self::Freeze
                | Self::FreezeBeforeCall
                | Self::LongFreeze
                | Self::DayLimit
        )
    }

    /// Whether it concerns single records, so that it must not hold back others.
    pub fn is_of_a_record(self) -> bool {
        let of_a_value = matches!(
            self,
            Self::InvalidEmail
                | Self::RefusedValue
                | Self::RefusedNameless
                | Self::AllOrNothing
                | Self::NoTraceIds
        );
        let of_an_address = matches!(
            self,
            Self::TakenWithId
                | Self::TakenWithoutId
                | Self::OwnConflict
                | Self::SharedContact
                | Self::SecondaryAddress
                | Self::HiddenSecondary
        );
        let of_a_contact = matches!(
            self,
            Self::MissingContact
                | Self::Edited
                | Self::AddressChanged
                | Self::SecondaryAdded
                | Self::Merged
                | Self::MergeFollowed
                | Self::Archived
                | Self::Created
                | Self::Poison
                | Self::ForbiddenContact
                | Self::LockedContact
        );
        of_a_value || of_an_address || of_a_contact
    }

    /// Whether the account as a whole is at fault, for a while.
    pub fn is_of_the_account(self) -> bool {
        matches!(
            self,
            Self::Unauthorized
                | Self::NoAccessToken
                | Self::MissingScopes
                | Self::DayLimit
                | Self::Moving
                | Self::NoSuchPath
                | Self::Unreachable
                | Self::Outage
                | Self::Hanging
                | Self::OtherAccount
        )
    }

    /// Whether it lasts for a while instead of striking once.
    pub fn lasts(self) -> bool {
        self.is_of_the_account()
            || matches!(
                self,
                Self::UnknownProperty
                    | Self::ReadOnlyProperty
                    | Self::AdminRule
                    | Self::ServiceDown
                    | Self::ServiceUnavailable
                    | Self::Paused
            )
    }
}
