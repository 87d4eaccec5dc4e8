/* Arduino Nano or Uno: the clock, the inputs, what outlives a power cut, and the watchdog. */
#include "board.h"

#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <util/atomic.h>

#include "parts.h"
#include "pins.h"

#define EEPROM_BOOTS ((uint32_t *)0)
#define EEPROM_KEPT ((void *)16)
#define COUNTS_PER_MS 250 /* of Timer0, 4 us each */

static volatile uint32_t ms;
static volatile bool estop_seen;
static uint8_t reset_flags __attribute__((section(".noinit")));

/* Before anything else: after a reset by the watchdog it goes on running, and fast. */
void early(void) __attribute__((naked, used, section(".init3")));
void early(void) {
    reset_flags = MCUSR;
    MCUSR = 0;
    wdt_disable();
}

static volatile uint8_t until_tick = TICK_MS;
static volatile bool locked = true; /* until main() is ready */
static volatile bool due;

/* Every millisecond: short, as pulses wait for it. The tick is another interrupt, which waits for nobody's
 * pulses. */
ISR(TIMER0_COMPA_vect) {
    ms++;
    if (PINC & _BV(ESTOP_PIN)) {
        estop_seen = true;
    }
    if (--until_tick == 0) {
        until_tick = TICK_MS;
        due = true;
    }
    if (due && !locked) {
        due = false;
        TIFR0 = _BV(OCF0B);
        TIMSK0 |= _BV(OCIE0B);
    }
}

ISR(TIMER0_COMPB_vect, ISR_NOBLOCK) {
    /* Once for each time it was asked for. No byte written here is written by the interrupt above meanwhile.
     */
    cli();
    TIMSK0 &= (uint8_t)~_BV(OCIE0B);
    sei();
    firmware_tick();
}

uint8_t board_init(void) {
    PORTC = _BV(CONTACT_HEAD_PIN) | _BV(CONTACT_TAIL_PIN) | _BV(ESTOP_PIN);
    TCCR0A = _BV(WGM01);
    TCCR0B = _BV(CS01) | _BV(CS00);
    OCR0A = COUNTS_PER_MS - 1;
    OCR0B = COUNTS_PER_MS / 4;
    TIMSK0 = _BV(OCIE0A);
    servo_start();
    serial_start();
    analog_start();
    set_sleep_mode(SLEEP_MODE_IDLE);
    wdt_enable(WDTO_250MS);
    sei();
    return reset_flags & (RESET_POWER | RESET_PIN | RESET_BROWNOUT | RESET_WATCHDOG);
}

uint32_t board_boot_id(void) {
    uint32_t boots = eeprom_read_dword(EEPROM_BOOTS) + 1;
    eeprom_update_dword(EEPROM_BOOTS, boots);
    return boots;
}

void board_measure(struct board_inputs *out) {
    uint8_t digital = 0;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
        if (estop_seen || PINC & _BV(ESTOP_PIN)) {
            digital |= INPUT_ESTOP_OPEN;
        }
        estop_seen = false;
    }
    if (!(PINC >> CONTACT_HEAD_PIN & 1)) {
        digital |= INPUT_CONTACT_HEAD;
    }
    if (!(PINC >> CONTACT_TAIL_PIN & 1)) {
        digital |= INPUT_CONTACT_TAIL;
    }
    out->digital = digital;
    out->nose[0] = analog_sum(ANALOG_NOSE_LEFT);
    out->nose[1] = analog_sum(ANALOG_NOSE_RIGHT);
    out->servo_mv = (uint16_t)(analog_sum(ANALOG_SERVO) * DIVIDED_FULL_MV / VOLTAGE_FULL);
    out->logic_mv = (uint16_t)(analog_sum(ANALOG_LOGIC) * DIVIDED_FULL_MV / VOLTAGE_FULL);
}

uint32_t board_time_us(void) {
    uint32_t whole;
    uint8_t count;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
        whole = ms;
        count = TCNT0;
        if ((TIFR0 & _BV(OCF0A)) && count < COUNTS_PER_MS / 2) {
            whole++;
        }
    }
    return whole * 1000 + count * 4UL;
}

void board_lock(void) {
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
        locked = true;
        if (TIMSK0 & _BV(OCIE0B)) { /* asked for, and not yet begun */
            TIMSK0 &= (uint8_t)~_BV(OCIE0B);
            due = true;
        }
    }
}

void board_unlock(void) { locked = false; }

void board_load(void *bytes, uint8_t count) { eeprom_read_block(bytes, EEPROM_KEPT, count); }

bool board_keep(const void *bytes, uint8_t count) {
    const uint8_t *from = bytes;
    uint8_t *to = EEPROM_KEPT;
    while (count--) {
        wdt_reset(); /* 3.4 ms a byte */
        eeprom_update_byte(to++, *from++);
    }
    return true;
}

void board_feed_watchdog(void) { wdt_reset(); }

void board_idle(void) {
    /* Interrupts are off from the last look to the sleep itself: a byte that comes in between ends the sleep.
     */
    cli();
    if (serial_waiting()) {
        sei();
        return;
    }
    sleep_enable();
    sei();
    sleep_cpu();
    sleep_disable();
}
