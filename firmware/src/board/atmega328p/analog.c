/* Four voltages in turn, by conversions of about 0.1 ms: a sweep takes 17 ms. The noses are summed over 64 of
 * them, as the worm smells changes that are smaller than a converter's step. */
#include <avr/interrupt.h>
#include <util/atomic.h>

#include "parts.h"
#include "pins.h"

static const uint8_t channel[ANALOGS] = {ADC_NOSE_LEFT, ADC_NOSE_RIGHT, ADC_SERVO, ADC_LOGIC};
static const uint8_t samples[ANALOGS] = {NOSE_SAMPLES, NOSE_SAMPLES, VOLTAGE_SAMPLES, VOLTAGE_SAMPLES};
static volatile uint16_t newest[ANALOGS];

ISR(ADC_vect) {
    static uint8_t which, taken;
    static uint16_t sum;
    uint16_t value = ADC;
    if (taken > 0) { /* the first after a change of channel still has some of the other in it */
        sum += value;
    }
    if (taken == samples[which]) {
        newest[which] = sum;
        sum = 0;
        taken = 0;
        which = (which + 1) & (ANALOGS - 1);
        ADMUX = _BV(REFS0) | channel[which];
    } else {
        taken++;
    }
    ADCSRA |= _BV(ADSC);
}

uint16_t analog_sum(uint8_t which) {
    uint16_t sum;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { sum = newest[which]; }
    return sum;
}

void analog_start(void) {
    DIDR0 = _BV(ADC0D) | _BV(ADC1D);
    ADMUX = _BV(REFS0) | channel[0];
    ADCSRA = _BV(ADEN) | _BV(ADIE) | 7 | _BV(ADSC);
}
