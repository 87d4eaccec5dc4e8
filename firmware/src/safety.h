/* The safety room: whether there are pulses, and how long. Everything that moves a servo passes here.
 *
 * Pure: no hardware, no clock, no memory but what the caller gives. Time is counted in calls of
 * safety_tick(), one every TICK_MS. Angles in 0.1 mrad, voltages in mV. It starts silent. */
#ifndef SAFETY_H
#define SAFETY_H

#include <stdbool.h>
#include <stdint.h>

#include "wormctl_messages.h"

/* What a joint may do, and how its servo is told. */
struct joint {
    bool configured; /* else it never moves */
    uint16_t centre_us;
    int16_t us_per_rad; /* negative: the servo turns the other way */
    int16_t low;
    int16_t high;
};

/* What the room must see on every tick. */
struct safety_inputs {
    bool estop_open; /* now, or at any moment since the last tick */
    uint16_t logic_mv;
    uint16_t servo_mv;
};

struct safety {
    struct joint joint[JOINTS];
    int16_t wanted[JOINTS];
    int16_t angle[JOINTS];    /* what the pulses say; after they end, what they said last */
    uint16_t last_us[JOINTS]; /* the newest pulse of each; 0 if it has had none since the start */
    struct safety_inputs inputs;
    uint32_t boot_id;
    uint16_t session; /* 0: nobody has said hello */
    uint16_t sequence;
    uint16_t enabled; /* the joints that were armed */
    uint16_t live;    /* the joints that get pulses, a bit each */
    uint16_t ticks;   /* since arming; stands at SLOW_TICKS */
    uint8_t age;      /* ticks since the newest setpoint; stands at SILENT_TICKS */
    uint8_t ready;    /* fresh setpoints near the present pose; stands at READY_SETPOINTS */
    uint8_t logic_low;
    uint8_t servo_low;
    bool heard; /* whether `sequence` counts yet */
    uint8_t state;
    uint8_t fault;
};

/* What a setpoint came to. */
enum taken { TAKEN, TAKEN_OLD, TAKEN_REFUSED };

void safety_init(struct safety *s, uint32_t boot_id);

/* One tick: counts, limits and judges. After it, safety_pulse_us() tells every pulse. */
void safety_tick(struct safety *s, const struct safety_inputs *inputs);

/* The pulse of a joint in us; 0 for none. Inside the joint's limits, whatever was asked. */
uint16_t safety_pulse_us(const struct safety *s, uint8_t joint);

/* A host says hello. Anyone may, but while joints move the session stays with the host that moves them. */
uint8_t safety_hello(struct safety *s, uint16_t session, uint32_t schema);

/* A setpoint, its numbers unchecked. Nothing else feeds the dead-man. */
uint8_t safety_setpoint(struct safety *s, uint16_t session, uint16_t sequence, const int16_t angle[JOINTS]);

/* Commands; each returns a `result`. */
uint8_t safety_arm(struct safety *s, const struct msg_arm *request, uint16_t table_crc);
uint8_t safety_clear(struct safety *s, const struct msg_clear *request);
uint8_t safety_set_joint(struct safety *s, uint16_t session, uint8_t index, const struct joint *joint);
void safety_stop(struct safety *s);

/* Whether a line of the joint table can be right: a joint that is not configured always is. */
bool safety_joint_valid(const struct joint *joint);

#endif
