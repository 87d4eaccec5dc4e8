/* libFuzzer: anything on the line, and ticks and voltages between, into the whole core. Whatever comes, it
 * must hold what the safety room promises.
 *
 * The first byte of an input says what the rest is: bytes as they are, or messages that are put into frames
 * here, as no fuzzer finds a CRC, or guesses a schema. FUZZ_MUST_MOVE in the environment: it is an error if
 * nothing ever moved. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The source itself, for a look at what it keeps to itself. */
#include "../src/firmware.c"

void host_start(uint32_t boot_id);
void host_erase(void);
void host_inputs(const struct board_inputs *now);
void host_tick(uint16_t out_us[JOINTS]);
uint32_t host_bytes(const uint8_t *bytes, uint32_t count, uint8_t *answer);

static struct board_inputs inputs;
static uint16_t last_us[JOINTS]; /* the newest pulse of each */
static uint16_t taken;           /* of the newest setpoint that counted */
static unsigned since;           /* ticks since it came */
static bool ever_moved;

static void must(bool holds) {
    if (!holds) {
        abort();
    }
}

/* Every pulse within its joint's limits, none far from the last one, none long after the last setpoint, and
 * none while there is a reason not to move. */
static void check(const uint16_t us[JOINTS]) {
    const struct safety *s = &robot.safety;
    for (uint8_t j = 0; j < JOINTS; j++) {
        if (us[j] == 0) {
            continue;
        }
        ever_moved = true;
        const struct joint *joint = &s->joint[j];
        int32_t one = joint->centre_us + (int32_t)joint->low * joint->us_per_rad / ANGLE_PER_RAD;
        int32_t other = joint->centre_us + (int32_t)joint->high * joint->us_per_rad / ANGLE_PER_RAD;
        must(joint->configured && s->enabled >> j & 1);
        must(us[j] >= PULSE_MIN_US && us[j] <= PULSE_MAX_US);
        must(us[j] >= (one < other ? one : other) && us[j] <= (one < other ? other : one));
        if (last_us[j] != 0) {
            int32_t most = (int32_t)SLEW_STEP * abs(joint->us_per_rad) / ANGLE_PER_RAD + 2;
            must(abs(us[j] - last_us[j]) <= most);
        }
        last_us[j] = us[j];
        must(since < SILENT_TICKS);
        must(!(inputs.digital & INPUT_ESTOP_OPEN));
    }
}

static void tick(void) {
    uint16_t us[JOINTS];
    const struct safety *s = &robot.safety;
    if (s->heard && s->sequence != taken) {
        taken = s->sequence;
        since = 0;
    }
    since++;
    host_tick(us);
    check(us);
}

static void line(const uint8_t *bytes, uint32_t count) {
    static uint8_t answer[4096];
    host_bytes(bytes, count, answer);
    tick();
}

/* Bytes as they are; a tick after every zero. */
static void raw(const uint8_t *data, size_t size) {
    while (size > 0) {
        const uint8_t *zero = memchr(data, 0, size);
        size_t piece = zero ? (size_t)(zero - data) + 1 : size;
        piece = piece > 4096 ? 4096 : piece;
        line(data, (uint32_t)piece);
        data += piece;
        size -= piece;
    }
}

/* What only a host that has listened can know, put where a message has it: else no input would ever arm. */
static void inform(uint8_t type, uint8_t *payload, uint8_t length) {
    struct msg_hello hello;
    struct msg_arm arm;
    if (type == MSG_HELLO && length == sizeof hello) {
        memcpy(&hello, payload, sizeof hello);
        hello.schema = SCHEMA;
        memcpy(payload, &hello, sizeof hello);
    } else if (type == MSG_ARM && length == sizeof arm) {
        memcpy(&arm, payload, sizeof arm);
        arm.boot_id = robot.safety.boot_id;
        arm.table_crc = robot.table_crc;
        memcpy(payload, &arm, sizeof arm);
    }
}

enum { AS_IT_IS = 0x80, AGAIN = 0xfd, WAIT = 0xfe, INPUTS = 0xff };

/* Records of type, what to add to the sequence, length, payload. AS_IT_IS in the length: nothing is put in.
 * Three types are none: AGAIN sends the last message so many times more, WAIT lets ticks pass, INPUTS sets
 * the emergency stop and the voltages. */
static void framed(const uint8_t *data, size_t size) {
    uint8_t wire[FRAME_WIRE], payload[MAX_PAYLOAD], type = MSG_POLL, length = 0;
    uint16_t sequence = 0;
    while (size >= 3) {
        uint8_t what = data[0], how = data[1], stored = 0;
        if (what == AGAIN) {
            for (; how > 0; how--) {
                line(wire, frame_write(wire, type, ++sequence, payload, length));
            }
        } else if (what == WAIT) {
            for (; how > 0; how--) {
                tick();
            }
        } else if (what == INPUTS) {
            inputs.digital = how & 1 ? INPUT_ESTOP_OPEN : 0;
            inputs.servo_mv = how & 2 ? SERVO_STOP_MV - 1 : 5500;
            inputs.logic_mv = how & 4 ? LOGIC_STOP_MV - 1 : 7600;
            host_inputs(&inputs);
        } else {
            stored = (data[2] & 0x7f) % (MAX_PAYLOAD + 1);
            if (stored > size - 3) {
                return;
            }
            type = what;
            length = stored;
            sequence += how;
            memcpy(payload, data + 3, length);
            if (!(data[2] & AS_IT_IS)) {
                inform(type, payload, length);
            }
            line(wire, frame_write(wire, type, sequence, payload, length));
        }
        data += 3 + stored;
        size -= 3 + stored;
    }
}

static void report(void) { must(ever_moved || !getenv("FUZZ_MUST_MOVE")); }

int LLVMFuzzerInitialize(int *count, char ***words) {
    (void)count, (void)words;
    return atexit(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    inputs = (struct board_inputs){0, {8000, 8000}, 5500, 7600};
    memset(last_us, 0, sizeof last_us);
    taken = 0;
    since = SILENT_TICKS;
    host_erase();
    host_start(1);
    host_inputs(&inputs);
    if (size > 0) {
        (data[0] & 1 ? framed : raw)(data + 1, size - 1);
    }
    return 0;
}
