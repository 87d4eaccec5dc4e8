#include "command.h"

#include <string.h>

#include "table.h"

#define FIRMWARE_MAJOR 0
#define FIRMWARE_MINOR 1
#define FIRMWARE_PATCH 0

#define HAS                                                                                                  \
    (CAPABILITY_ESTOP | CAPABILITY_LOGIC_VOLTAGE | CAPABILITY_SERVO_VOLTAGE | CAPABILITY_NOSES |             \
     CAPABILITY_CONTACTS | CAPABILITY_WATCHDOG | CAPABILITY_STORAGE)

/* The payload of a frame as what it should be: NULL if the length is another. */
#define PAYLOAD(frame, name)                                                                                 \
    ((frame)->length == sizeof(struct msg_##name)                                                            \
         ? (const struct msg_##name *)(const void *)(frame)->payload                                         \
         : NULL)

void command_init(struct robot *robot, uint32_t boot_id, uint8_t reset) {
    memset(robot, 0, sizeof *robot);
    safety_init(&robot->safety, boot_id);
    table_load(robot->safety.joint);
    robot->table_crc = table_crc(robot->safety.joint);
    robot->reset = reset;
}

static uint8_t answer(struct robot *robot, uint8_t wire[FRAME_WIRE], uint8_t type, const void *payload,
                      uint8_t length) {
    return frame_write(wire, type, robot->sequence++, payload, length);
}

uint8_t command_boot(struct robot *robot, uint8_t wire[FRAME_WIRE]) {
    struct msg_boot boot = {robot->safety.boot_id, robot->reset};
    return answer(robot, wire, MSG_BOOT, &boot, sizeof boot);
}

static uint8_t ack(struct robot *robot, uint8_t wire[FRAME_WIRE], const struct frame *frame, uint8_t result) {
    if (result != RESULT_OK) {
        robot->refused++;
    }
    struct msg_ack ack = {frame->sequence, frame->type, result};
    return answer(robot, wire, MSG_ACK, &ack, sizeof ack);
}

static uint8_t telemetry(struct robot *robot, uint8_t wire[FRAME_WIRE], const struct frame *frame) {
    struct msg_telemetry t;
    t.answers = frame->sequence;
    t.time_us = board_time_us();
    board_lock();
    t.state = robot->safety.state;
    t.fault = robot->safety.fault;
    t.setpoint = robot->safety.sequence;
    memcpy(t.angle, robot->safety.angle, sizeof t.angle);
    t.inputs = robot->inputs.digital;
    memcpy(t.nose, robot->inputs.nose, sizeof t.nose);
    t.servo_mv = robot->inputs.servo_mv;
    t.logic_mv = robot->inputs.logic_mv;
    board_unlock();
    t.good = robot->good;
    t.damaged = robot->damaged;
    t.old = robot->old;
    t.refused = robot->refused;
    t.lost = board_lost();
    return answer(robot, wire, MSG_TELEMETRY, &t, sizeof t);
}

static uint8_t welcome(struct robot *robot, uint8_t wire[FRAME_WIRE]) {
    struct msg_welcome w = {
        .schema = SCHEMA,
        .firmware = {FIRMWARE_MAJOR, FIRMWARE_MINOR, FIRMWARE_PATCH},
        .joints = JOINTS,
        .capabilities = HAS,
        .table_crc = robot->table_crc,
        .boot_id = robot->safety.boot_id,
        .reset = robot->reset,
        .state = robot->safety.state,
        .fault = robot->safety.fault,
    };
    return answer(robot, wire, MSG_WELCOME, &w, sizeof w);
}

static uint8_t hello(struct robot *robot, uint8_t wire[FRAME_WIRE], const struct msg_hello *m) {
    board_lock();
    uint8_t result = safety_hello(&robot->safety, m->session, m->schema);
    board_unlock();
    if (result != RESULT_OK) {
        robot->refused++;
    }
    return welcome(robot, wire);
}

static void setpoint(struct robot *robot, const struct frame *frame, const struct msg_setpoint *m) {
    int16_t angle[JOINTS];
    memcpy(angle, m->angle, sizeof angle);
    board_lock();
    uint8_t taken = safety_setpoint(&robot->safety, m->session, frame->sequence, angle);
    board_unlock();
    robot->old += taken == TAKEN_OLD;
    robot->refused += taken == TAKEN_REFUSED;
}

static uint8_t set_joint(struct robot *robot, const struct msg_set_joint *m) {
    struct msg_joint line;
    memcpy(&line, (const uint8_t *)m + sizeof m->session, sizeof line);
    struct joint joint = table_joint(&line);
    if (line.configured > 1) {
        return RESULT_BAD_VALUE;
    }
    board_lock();
    uint8_t result = safety_set_joint(&robot->safety, m->session, line.joint, &joint);
    board_unlock();
    robot->table_crc = table_crc(robot->safety.joint);
    return result;
}

static uint8_t save_joints(struct robot *robot, const struct msg_save_joints *m) {
    board_lock();
    bool mine = robot->safety.session != 0 && m->session == robot->safety.session;
    bool still = robot->safety.state == STATE_SILENT;
    board_unlock();
    if (!mine) {
        return RESULT_NO_SESSION;
    }
    if (!still) {
        return RESULT_BUSY;
    }
    return table_keep(robot->safety.joint) ? RESULT_OK : RESULT_STORAGE;
}

/* A command that is answered by ACK, or RESULT_BAD_VALUE for one that nobody knows. */
static uint8_t command(struct robot *robot, const struct frame *frame) {
    uint8_t result = RESULT_BAD_VALUE;
    if (frame->type == MSG_SET_JOINT && PAYLOAD(frame, set_joint)) {
        result = set_joint(robot, PAYLOAD(frame, set_joint));
    } else if (frame->type == MSG_SAVE_JOINTS && PAYLOAD(frame, save_joints)) {
        result = save_joints(robot, PAYLOAD(frame, save_joints));
    } else {
        board_lock();
        if (frame->type == MSG_ARM && PAYLOAD(frame, arm)) {
            result = safety_arm(&robot->safety, PAYLOAD(frame, arm), robot->table_crc);
        } else if (frame->type == MSG_CLEAR && PAYLOAD(frame, clear)) {
            result = safety_clear(&robot->safety, PAYLOAD(frame, clear));
        } else if (frame->type == MSG_STOP) {
            safety_stop(&robot->safety);
            result = RESULT_OK;
        }
        board_unlock();
    }
    return result;
}

uint8_t command_handle(struct robot *robot, const struct frame *frame, uint8_t wire[FRAME_WIRE]) {
    robot->good++;
    if (frame->type == MSG_SETPOINT && PAYLOAD(frame, setpoint)) {
        setpoint(robot, frame, PAYLOAD(frame, setpoint));
        return telemetry(robot, wire, frame);
    }
    if (frame->type == MSG_POLL) {
        return telemetry(robot, wire, frame);
    }
    if (frame->type == MSG_PING) {
        struct msg_pong pong = {frame->sequence, board_time_us()};
        return answer(robot, wire, MSG_PONG, &pong, sizeof pong);
    }
    if (frame->type == MSG_HELLO && PAYLOAD(frame, hello)) {
        return hello(robot, wire, PAYLOAD(frame, hello));
    }
    if (frame->type == MSG_GET_JOINT && PAYLOAD(frame, get_joint)) {
        uint8_t index = PAYLOAD(frame, get_joint)->joint;
        if (index < JOINTS) {
            struct msg_joint line = table_message(&robot->safety.joint[index], index);
            return answer(robot, wire, MSG_JOINT, &line, sizeof line);
        }
    }
    return ack(robot, wire, frame, command(robot, frame));
}
