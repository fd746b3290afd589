"""授分规则 — a plan resolved into a brief, people judged by it, the answer put in words.

plan = plan_from_json(batch's plan)            what is asked for
brief = resolve(plan, occasion, listed)        every default filled in
verdict = judge(brief, person_id, swipes, situation)
sentence(verdict.reasons[0], say)              what the person reads
"""

from app.awards.rules.amounts import tighter
from app.awards.rules.briefing import resolve
from app.awards.rules.explaining import explain
from app.awards.rules.judging import judge, judge_all, judge_lecturer, outcome_of, sift
from app.awards.rules.plans import (
    plan_from_json,
    plan_from_options,
    plan_to_json,
    window_from_text,
)
from app.awards.rules.speaking import Say, detail, next_step, sentence, told, waited
from app.awards.rules.standing import next_of, undo_until
from app.awards.rules.swipes import share_time, stretches

__all__ = [
    "Say",
    "detail",
    "explain",
    "judge",
    "judge_all",
    "judge_lecturer",
    "next_of",
    "next_step",
    "outcome_of",
    "plan_from_json",
    "plan_from_options",
    "plan_to_json",
    "resolve",
    "sentence",
    "share_time",
    "sift",
    "stretches",
    "tighter",
    "told",
    "undo_until",
    "waited",
    "window_from_text",
]
