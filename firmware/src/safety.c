#include "safety.h"

#include <string.h>

static int16_t clamp(int16_t value, int16_t low, int16_t high) {
    if (value < low) {
        return low;
    }
    return value > high ? high : value;
}

static uint8_t up_to(uint8_t count, uint8_t most) { return count < most ? (uint8_t)(count + 1) : count; }

static bool moving(const struct safety *s) { return s->state != STATE_SILENT; }

static void silence(struct safety *s) {
    s->state = STATE_SILENT;
    s->live = 0;
    s->ready = 0;
}

static void latch(struct safety *s, uint8_t fault) {
    /* The first reason is the one a person has to know. */
    if (s->fault == FAULT_NONE) {
        s->fault = fault;
    }
}

void safety_init(struct safety *s, uint32_t boot_id) {
    memset(s, 0, sizeof *s);
    s->boot_id = boot_id;
}

/* ---- The joint table ---- */

static int32_t pulse_us(const struct joint *joint, int16_t angle) {
    return joint->centre_us + (int32_t)angle * joint->us_per_rad / ANGLE_PER_RAD;
}

static bool in_pulse_range(int32_t us) { return us >= PULSE_MIN_US && us <= PULSE_MAX_US; }

bool safety_joint_valid(const struct joint *joint) {
    if (!joint->configured) {
        return true;
    }
    int16_t scale = joint->us_per_rad;
    bool scale_fits =
        (scale >= SCALE_MIN && scale <= SCALE_MAX) || (scale <= -SCALE_MIN && scale >= -SCALE_MAX);
    return scale_fits && joint->centre_us >= CENTRE_MIN_US && joint->centre_us <= CENTRE_MAX_US &&
           joint->low >= -ANGLE_MAX && joint->low <= 0 && joint->high >= 0 && joint->high <= ANGLE_MAX &&
           in_pulse_range(pulse_us(joint, joint->low)) && in_pulse_range(pulse_us(joint, joint->high));
}

/* The angle that a pulse stands for. */
static int32_t angle_of(const struct joint *joint, uint16_t us) {
    return ((int32_t)us - joint->centre_us) * ANGLE_PER_RAD / joint->us_per_rad;
}

uint8_t safety_set_joint(struct safety *s, uint16_t session, uint8_t index, const struct joint *joint) {
    if (session == 0 || session != s->session) {
        return RESULT_NO_SESSION;
    }
    if (moving(s)) {
        return RESULT_BUSY;
    }
    if (index >= JOINTS || !safety_joint_valid(joint)) {
        return RESULT_BAD_VALUE;
    }
    /* The servo stands where its last pulse said, whatever the new line calls that. */
    if (joint->configured && s->last_us[index] != 0) {
        int32_t angle = angle_of(joint, s->last_us[index]);
        if (angle < joint->low - SLOW_STEP || angle > joint->high + SLOW_STEP) {
            return RESULT_OUTSIDE;
        }
        s->angle[index] = (int16_t)angle;
    }
    s->joint[index] = *joint;
    s->ready = 0;
    return RESULT_OK;
}

uint16_t safety_pulse_us(const struct safety *s, uint8_t index) {
    const struct joint *joint = &s->joint[index];
    if (!(s->live >> index & 1)) {
        return 0;
    }
    return (uint16_t)pulse_us(joint, clamp(s->angle[index], joint->low, joint->high));
}

/* ---- What the host says ---- */

uint8_t safety_hello(struct safety *s, uint16_t session, uint32_t schema) {
    if (session == 0) {
        return RESULT_BAD_VALUE;
    }
    if (moving(s)) {
        return session == s->session ? RESULT_OK : RESULT_BUSY;
    }
    /* A host of another schema has no session: it can neither arm nor change anything. */
    s->session = schema == SCHEMA ? session : 0;
    s->heard = false;
    s->ready = 0;
    return schema == SCHEMA ? RESULT_OK : RESULT_WRONG_SCHEMA;
}

static bool near_pose(const struct safety *s, const int16_t angle[JOINTS]) {
    for (uint8_t j = 0; j < JOINTS; j++) {
        int32_t off = (int32_t)angle[j] - s->angle[j];
        if (off > READY_ANGLE || off < -READY_ANGLE) {
            return false;
        }
    }
    return true;
}

uint8_t safety_setpoint(struct safety *s, uint16_t session, uint16_t sequence, const int16_t angle[JOINTS]) {
    if (session == 0 || session != s->session) {
        return TAKEN_REFUSED;
    }
    for (uint8_t j = 0; j < JOINTS; j++) {
        if (angle[j] == NO_ANGLE) {
            return TAKEN_REFUSED;
        }
    }
    if (s->heard && (int16_t)(sequence - s->sequence) <= 0) {
        return TAKEN_OLD;
    }
    if (s->fault != FAULT_NONE) {
        return TAKEN_REFUSED;
    }
    s->heard = true;
    s->sequence = sequence;
    bool fresh = s->age < HOLD_TICKS;
    s->ready = near_pose(s, angle) ? up_to(fresh ? s->ready : 0, READY_SETPOINTS) : 0;
    memcpy(s->wanted, angle, sizeof s->wanted);
    s->age = 0;
    return TAKEN;
}

uint8_t safety_arm(struct safety *s, const struct msg_arm *request, uint16_t table_crc) {
    if (s->session == 0 || request->session != s->session) {
        return RESULT_NO_SESSION;
    }
    if (request->boot_id != s->boot_id) {
        return RESULT_WRONG_BOOT;
    }
    if (request->table_crc != table_crc) {
        return RESULT_WRONG_TABLE;
    }
    if (moving(s)) {
        /* Asked for again, as the answer was lost: it is as it should be. */
        return s->state == STATE_ARMED && request->joints == s->enabled ? RESULT_OK : RESULT_BUSY;
    }
    if (s->fault != FAULT_NONE) {
        return RESULT_FAULTED;
    }
    if (s->inputs.estop_open) {
        return RESULT_ESTOP_OPEN;
    }
    if (s->inputs.logic_mv < LOGIC_WARN_MV) {
        return RESULT_LOW_LOGIC;
    }
    if (s->inputs.servo_mv < SERVO_STOP_MV) {
        return RESULT_LOW_SERVO;
    }
    if (request->joints == 0 || request->joints >> JOINTS != 0) {
        return RESULT_BAD_VALUE;
    }
    for (uint8_t j = 0; j < JOINTS; j++) {
        if ((request->joints >> j & 1) && !s->joint[j].configured) {
            return RESULT_UNCONFIGURED;
        }
    }
    if (s->ready < READY_SETPOINTS || s->age >= HOLD_TICKS) {
        return RESULT_NOT_READY;
    }
    s->enabled = request->joints;
    s->ticks = 0;
    s->logic_low = 0;
    s->servo_low = 0;
    s->state = STATE_ARMED;
    return RESULT_OK;
}

uint8_t safety_clear(struct safety *s, const struct msg_clear *request) {
    if (s->session == 0 || request->session != s->session) {
        return RESULT_NO_SESSION;
    }
    if (request->boot_id != s->boot_id) {
        return RESULT_WRONG_BOOT;
    }
    if (moving(s)) {
        return RESULT_BUSY;
    }
    if (s->fault == FAULT_NONE) {
        return RESULT_OK; /* cleared already, and the answer was lost */
    }
    if (request->fault != s->fault) {
        return RESULT_BAD_VALUE;
    }
    if (s->inputs.estop_open) {
        return RESULT_ESTOP_OPEN;
    }
    s->fault = FAULT_NONE;
    return RESULT_OK;
}

void safety_stop(struct safety *s) { silence(s); }

/* ---- Time passes ---- */

static bool low_for(uint8_t *count, uint16_t mv, uint16_t stop_mv, uint8_t ticks) {
    *count = mv < stop_mv ? up_to(*count, ticks) : 0;
    return *count >= ticks;
}

static void judge(struct safety *s) {
    if (s->inputs.estop_open) {
        latch(s, FAULT_ESTOP);
        silence(s);
    } else if (low_for(&s->logic_low, s->inputs.logic_mv, LOGIC_STOP_MV, LOGIC_TICKS)) {
        latch(s, FAULT_LOGIC_VOLTAGE);
        silence(s);
    } else if (low_for(&s->servo_low, s->inputs.servo_mv, SERVO_STOP_MV, SERVO_TICKS)) {
        latch(s, FAULT_SERVO_VOLTAGE);
        silence(s);
    } else if (s->age >= SILENT_TICKS) {
        silence(s);
    } else if (s->age >= RAMP_TICKS) {
        s->state = STATE_RAMP;
    } else if (s->age >= HOLD_TICKS) {
        latch(s, FAULT_DEADMAN);
        s->state = STATE_HOLD;
    }
}

static void move(struct safety *s) {
    if (s->state == STATE_HOLD) {
        return;
    }
    bool slow = s->state == STATE_RAMP || s->ticks < SLOW_TICKS;
    int16_t step = slow ? SLOW_STEP : SLEW_STEP;
    for (uint8_t j = 0; j < JOINTS; j++) {
        if (!(s->live >> j & 1)) {
            continue;
        }
        const struct joint *joint = &s->joint[j];
        int16_t goal = s->state == STATE_RAMP ? 0 : clamp(s->wanted[j], joint->low, joint->high);
        int16_t from = clamp(s->angle[j], joint->low, joint->high);
        s->angle[j] = clamp(goal, from - step, from + step);
    }
}

void safety_tick(struct safety *s, const struct safety_inputs *inputs) {
    s->inputs = *inputs;
    s->age = up_to(s->age, SILENT_TICKS);
    if (!moving(s)) {
        return;
    }
    judge(s);
    move(s);
    /* A joint gets its first pulse where it stands, so that none jumps; then the next one does. */
    uint8_t next = (uint8_t)(s->ticks / ENABLE_TICKS);
    if (s->state == STATE_ARMED && next < JOINTS) {
        s->live |= s->enabled & (uint16_t)(1U << next);
    }
    if (s->ticks < SLOW_TICKS) {
        s->ticks++;
    }
    for (uint8_t j = 0; j < JOINTS; j++) {
        if (s->live >> j & 1) {
            s->last_us[j] = safety_pulse_us(s, j);
        }
    }
}
