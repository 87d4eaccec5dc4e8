"""Every judge by its name in an assay file. What they measure stands in the files they come from."""

from __future__ import annotations

from wormctl.assay import judge_crawl, judge_food, judge_steering, judge_touch
from wormctl.assay.judging import Judge

JUDGES: dict[str, Judge] = {
    **judge_food.JUDGES,
    **judge_touch.JUDGES,
    **judge_crawl.JUDGES,
    **judge_steering.JUDGES,
}
