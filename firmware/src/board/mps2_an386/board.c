/* Arm's MPS2 board with a Cortex-M4, as QEMU has it: shows that the core is portable, and runs the protocol
 * tests.
 *
 * It has no servo outputs: pulses go nowhere, and telemetry tells what they would say. Its inputs are those
 * of a robot that is well, its memory lasts as long as its power. */
#include "board.h"

#include <string.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define UART_DATA REG(0x40004000)
#define UART_STATE REG(0x40004004)
#define UART_CONTROL REG(0x40004008)
#define UART_BAUD_DIVIDER REG(0x40004010)
#define TX_FULL 1U
#define RX_FULL 2U
#define SYSTICK_CONTROL REG(0xe000e010)
#define SYSTICK_RELOAD REG(0xe000e014)
#define SYSTICK_VALUE REG(0xe000e018)
#define CPU_HZ 25000000UL
#define PER_US (CPU_HZ / 1000000UL)
#define PER_MS (CPU_HZ / 1000UL)

static volatile uint32_t ms;
static volatile bool locked = true;
static volatile bool due;
static uint8_t kept[256];

void systick(void) {
    static uint8_t until_tick = TICK_MS;
    ms++;
    if (--until_tick == 0) {
        until_tick = TICK_MS;
        due = true;
    }
    if (due && !locked) {
        due = false;
        firmware_tick();
    }
}

uint8_t board_init(void) {
    UART_BAUD_DIVIDER = 16;
    UART_CONTROL = 3; /* both ways */
    SYSTICK_RELOAD = PER_MS - 1;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 7; /* the processor's clock, with interrupt */
    memset(kept, 0xff, sizeof kept);
    return RESET_POWER;
}

uint32_t board_boot_id(void) { return 1; }

void board_measure(struct board_inputs *out) {
    *out = (struct board_inputs){
        .digital = 0, .nose = {NOSE_FULL / 2, NOSE_FULL / 2}, .servo_mv = 5500, .logic_mv = 7600};
}

void board_pulses(const uint16_t us[JOINTS]) { (void)us; }

uint32_t board_time_us(void) {
    uint32_t whole, left;
    do {
        whole = ms;
        left = SYSTICK_VALUE;
    } while (whole != ms);
    return whole * 1000 + (PER_MS - 1 - left) / PER_US;
}

void board_lock(void) { locked = true; }

void board_unlock(void) { locked = false; }

bool board_receive(uint8_t *byte) {
    if (!(UART_STATE & RX_FULL)) {
        return false;
    }
    *byte = (uint8_t)UART_DATA;
    return true;
}

void board_send(const uint8_t *bytes, uint8_t count) {
    while (count--) {
        while (UART_STATE & TX_FULL) {
        }
        UART_DATA = *bytes++;
    }
}

uint16_t board_lost(void) { return 0; }

void board_load(void *bytes, uint8_t count) { memcpy(bytes, kept, count); }

bool board_keep(const void *bytes, uint8_t count) {
    memcpy(kept, bytes, count);
    return true;
}

void board_feed_watchdog(void) {}

void board_idle(void) {}
