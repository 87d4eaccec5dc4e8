/* Written by wormctl_serial/header.py from wormctl_serial/messages.py. Change those, then: make header */
/* clang-format off */
#ifndef WORMCTL_MESSAGES_H
#define WORMCTL_MESSAGES_H

#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "messages lie in memory as they travel: little end first"
#endif

/* A hash of all of this; a host with another does not arm. */
#define SCHEMA 0x8a2a320eUL

#define VERSION 1
#define JOINTS 12
#define MAX_PAYLOAD 64
#define ANGLE_PER_RAD 10000
#define NO_ANGLE -32768
#define NOSE_FULL 65472

/* What the safety room holds to; angles in units of 0.1 mrad. */
#define TICK_MS 20 /* how often the safety code runs, and the period of the servo pulses */
#define HOLD_TICKS 9 /* ticks without a fresh setpoint until the joints hold: by 200 ms, one more frame of pulses included */
#define RAMP_TICKS 25 /* until they begin to straighten: 0.5 s */
#define SILENT_TICKS 95 /* until the pulses end: by 2 s, one more frame included */
#define SLEW_STEP 615 /* largest change of an angle in a tick: 176 degrees/s; rounded to whole us below 180 */
#define SLOW_STEP 104 /* the same in the first seconds after arming, and on the ramp: 30 degrees/s */
#define SLOW_TICKS 100 /* for how long after arming: 2 s */
#define ENABLE_TICKS 3 /* from one joint to the next when arming: at least 50 ms */
#define READY_SETPOINTS 10 /* fresh setpoints near the present pose before arming */
#define READY_ANGLE 873 /* how near: 5 degrees */
#define LOGIC_WARN_MV 7000 /* a pack of two cells that should be charged soon: no arming below it */
#define LOGIC_STOP_MV 6600 /* and that must not be used any longer */
#define LOGIC_TICKS 25 /* for so long: 0.5 s */
#define SERVO_STOP_MV 4800 /* the servo rail breaks down */
#define SERVO_TICKS 5 /* for so long: 100 ms */
#define PULSE_MIN_US 500 /* no pulse is ever shorter */
#define PULSE_MAX_US 2500 /* or longer */
#define ANGLE_MAX 15708 /* no joint bends further: 90 degrees */
#define CENTRE_MIN_US 900 /* the pulse of a straight joint is not shorter */
#define CENTRE_MAX_US 2100 /* or longer */
#define SCALE_MIN 200 /* pulse for a radian in us, either way: not less */
#define SCALE_MAX 1200 /* and not more */
#define WATCHDOG_MS 250 /* a microcontroller that hangs starts anew after it */

/* What the outputs are doing. */
enum state {
    STATE_SILENT = 0,
    STATE_ARMED = 1,
    STATE_HOLD = 2,
    STATE_RAMP = 3,
};

/* Why the firmware refuses to move, until it is cleared by a person or starts anew. */
enum fault {
    FAULT_NONE = 0,
    FAULT_DEADMAN = 1,
    FAULT_ESTOP = 2,
    FAULT_LOGIC_VOLTAGE = 3,
    FAULT_SERVO_VOLTAGE = 4,
};

/* The answer to a command. */
enum result {
    RESULT_OK = 0,
    RESULT_NO_SESSION = 1,
    RESULT_WRONG_SCHEMA = 2,
    RESULT_WRONG_BOOT = 3,
    RESULT_WRONG_TABLE = 4,
    RESULT_FAULTED = 5,
    RESULT_ESTOP_OPEN = 6,
    RESULT_LOW_LOGIC = 7,
    RESULT_LOW_SERVO = 8,
    RESULT_NOT_READY = 9,
    RESULT_UNCONFIGURED = 10,
    RESULT_BUSY = 11,
    RESULT_BAD_VALUE = 12,
    RESULT_STORAGE = 13,
    RESULT_OUTSIDE = 14,
};

/* What the firmware has. */
enum capability {
    CAPABILITY_ESTOP = 1,
    CAPABILITY_LOGIC_VOLTAGE = 2,
    CAPABILITY_SERVO_VOLTAGE = 4,
    CAPABILITY_NOSES = 8,
    CAPABILITY_CONTACTS = 16,
    CAPABILITY_WATCHDOG = 32,
    CAPABILITY_STORAGE = 64,
};

/* The digital inputs, as telemetry shows them. */
enum input {
    INPUT_ESTOP_OPEN = 1,
    INPUT_CONTACT_HEAD = 2,
    INPUT_CONTACT_TAIL = 4,
};

/* Why the microcontroller started. */
enum reset {
    RESET_POWER = 1,
    RESET_PIN = 2,
    RESET_BROWNOUT = 4,
    RESET_WATCHDOG = 8,
};

/* HELLO: opens a session; answered by WELCOME. */
#define MSG_HELLO 0x01
struct msg_hello {
    uint16_t session; /* which host is talking: drawn at random, told in `HELLO` */
    uint32_t schema; /* the host's hash */
} __attribute__((packed));
_Static_assert(sizeof(struct msg_hello) == 6, "HELLO");

/* SETPOINT: where the joints shall be; the newest wins; answered by TELEMETRY. */
#define MSG_SETPOINT 0x02
struct msg_setpoint {
    uint16_t session; /* which host is talking: drawn at random, told in `HELLO` */
    int16_t angle[12]; /* of every joint */
} __attribute__((packed));
_Static_assert(sizeof(struct msg_setpoint) == 26, "SETPOINT");

/* POLL: answered by TELEMETRY; feeds no dead-man. */
#define MSG_POLL 0x03

/* ARM: enables joints where they stand; answered by ACK. */
#define MSG_ARM 0x04
struct msg_arm {
    uint16_t session; /* which host is talking: drawn at random, told in `HELLO` */
    uint32_t boot_id; /* which start of the firmware this is */
    uint16_t table_crc; /* of the joint table in use */
    uint16_t joints; /* a bit for each joint that shall move */
} __attribute__((packed));
_Static_assert(sizeof(struct msg_arm) == 10, "ARM");

/* STOP: ends all pulses at once, whoever asks; answered by ACK. */
#define MSG_STOP 0x05

/* CLEAR: forgets a fault whose cause has gone; answered by ACK. */
#define MSG_CLEAR 0x06
struct msg_clear {
    uint16_t session; /* which host is talking: drawn at random, told in `HELLO` */
    uint32_t boot_id; /* which start of the firmware this is */
    uint8_t fault; /* `Fault` */
} __attribute__((packed));
_Static_assert(sizeof(struct msg_clear) == 7, "CLEAR");

/* SET_JOINT: changes one line of the joint table; answered by ACK. */
#define MSG_SET_JOINT 0x07
struct msg_set_joint {
    uint16_t session; /* which host is talking: drawn at random, told in `HELLO` */
    uint8_t joint; /* which joint, head first */
    uint8_t configured; /* 1 if it may move, else 0 */
    uint16_t centre_us; /* the pulse of the straight joint */
    int16_t us_per_rad; /* how the pulse grows with the angle; negative for a servo that turns the other way */
    int16_t low; /* the smallest angle */
    int16_t high; /* the largest angle */
} __attribute__((packed));
_Static_assert(sizeof(struct msg_set_joint) == 12, "SET_JOINT");

/* GET_JOINT: answered by JOINT. */
#define MSG_GET_JOINT 0x08
struct msg_get_joint {
    uint8_t joint; /* which joint, head first */
} __attribute__((packed));
_Static_assert(sizeof(struct msg_get_joint) == 1, "GET_JOINT");

/* SAVE_JOINTS: keeps the joint table over a power cut; answered by ACK. */
#define MSG_SAVE_JOINTS 0x09
struct msg_save_joints {
    uint16_t session; /* which host is talking: drawn at random, told in `HELLO` */
} __attribute__((packed));
_Static_assert(sizeof(struct msg_save_joints) == 2, "SAVE_JOINTS");

/* PING: answered by PONG; feeds no dead-man. */
#define MSG_PING 0x0a

/* WELCOME: who the firmware is. */
#define MSG_WELCOME 0x81
struct msg_welcome {
    uint32_t schema; /* the firmware's hash */
    uint8_t firmware[3]; /* its version: major, minor, patch */
    uint8_t joints; /* servo outputs */
    uint16_t capabilities; /* `Capability` */
    uint16_t table_crc; /* of the joint table in use */
    uint32_t boot_id; /* which start of the firmware this is */
    uint8_t reset; /* `Reset` */
    uint8_t state; /* `State` */
    uint8_t fault; /* `Fault` */
} __attribute__((packed));
_Static_assert(sizeof(struct msg_welcome) == 19, "WELCOME");

/* TELEMETRY: what the firmware sees and does. */
#define MSG_TELEMETRY 0x82
struct msg_telemetry {
    uint16_t answers; /* the sequence number of the frame it answers */
    uint32_t time_us; /* the firmware's clock; wraps */
    uint8_t state; /* `State` */
    uint8_t fault; /* `Fault` */
    uint8_t inputs; /* `Input` */
    uint16_t setpoint; /* the sequence number of the newest setpoint that was taken */
    int16_t angle[12]; /* what the pulses say, after all limits */
    uint16_t nose[2]; /* left and right, of `NOSE_FULL` */
    uint16_t servo_mv; /* the servo rail */
    uint16_t logic_mv; /* the pack that feeds the logic */
    uint16_t good; /* frames taken in; wraps, as the next do */
    uint16_t damaged; /* frames that were not whole */
    uint16_t old; /* setpoints that came late or twice */
    uint16_t refused; /* setpoints and commands that were refused */
    uint16_t lost; /* bytes that came faster than they were read */
} __attribute__((packed));
_Static_assert(sizeof(struct msg_telemetry) == 53, "TELEMETRY");

/* ACK: the answer to a command. */
#define MSG_ACK 0x83
struct msg_ack {
    uint16_t answers; /* the sequence number of the command */
    uint8_t type; /* the number of the command */
    uint8_t result; /* `Result` */
} __attribute__((packed));
_Static_assert(sizeof(struct msg_ack) == 4, "ACK");

/* JOINT: one line of the joint table. */
#define MSG_JOINT 0x84
struct msg_joint {
    uint8_t joint; /* which joint, head first */
    uint8_t configured; /* 1 if it may move, else 0 */
    uint16_t centre_us; /* the pulse of the straight joint */
    int16_t us_per_rad; /* how the pulse grows with the angle; negative for a servo that turns the other way */
    int16_t low; /* the smallest angle */
    int16_t high; /* the largest angle */
} __attribute__((packed));
_Static_assert(sizeof(struct msg_joint) == 10, "JOINT");

/* PONG: how long the line is, and what the clock says. */
#define MSG_PONG 0x86
struct msg_pong {
    uint16_t answers; /* the sequence number of the ping */
    uint32_t time_us; /* the firmware's clock; wraps */
} __attribute__((packed));
_Static_assert(sizeof(struct msg_pong) == 6, "PONG");

/* BOOT: sent once, when the firmware starts. */
#define MSG_BOOT 0x85
struct msg_boot {
    uint32_t boot_id; /* which start of the firmware this is */
    uint8_t reset; /* `Reset` */
} __attribute__((packed));
_Static_assert(sizeof(struct msg_boot) == 5, "BOOT");

#endif
